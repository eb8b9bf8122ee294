//go:build !linux

package peer

import "context"

// systemRoutes returns "" where nobody has found out how to ask for the routes: changes
// show in the addresses.
func systemRoutes() (string, error) { return "", nil }

// systemChanges does nothing where the system is not asked to tell.
func systemChanges(ctx context.Context, _ func()) error {
	<-ctx.Done()
	return nil
}
