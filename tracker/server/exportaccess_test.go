package server

import "context"

// Ban is the command of the tracker's owner.
func (s *Server) Ban(ctx context.Context, target, why string) error {
	t, err := ParseTarget(target)
	if err != nil {
		return err
	}
	return s.ban(ctx, Ban{Target: t, Why: why})
}
