package peer

import "centralizedp2p/app/library"

// Apply makes valid settings work at once, except the port: see [Engine.Move]; and the
// quick limit: see [Engine.SetQuickLimit].
func (e *Engine) Apply(s library.Settings) {
	e.mu.Lock()
	s.QuickLimit = e.settings.QuickLimit
	e.settings = s
	e.mu.Unlock()
	e.apply(s)
	e.changes.step()
}

func (e *Engine) apply(s library.Settings) {
	up, down := s.Rates()
	e.traffic.Up.Set(up)
	e.traffic.Down.Set(down)
	e.traffic.ExemptLocal(s.LocalExempt)
	e.traffic.BePolite(s.PoliteUploads)
	e.Uploads.SetSlots(s.UploadSlots, s.AdaptiveSlots)
	e.Downloads.SetLimit(s.MaxDownloads)
	e.Downloads.Limited()
	e.Shares.Apply(s)
}

// SetQuickLimit applies the quick limits, or the usual ones.
func (e *Engine) SetQuickLimit(on bool) {
	e.mu.Lock()
	e.settings.QuickLimit = on
	settings := e.settings
	e.mu.Unlock()
	e.apply(settings)
}

// QuickLimit tells whether the quick limits apply now.
func (e *Engine) QuickLimit() bool {
	return e.setting(func(s *library.Settings) bool { return s.QuickLimit })
}

func (e *Engine) preallocate() bool {
	return e.setting(func(s *library.Settings) bool { return s.Preallocate })
}

func (e *Engine) shareDownloads() bool {
	return e.setting(func(s *library.Settings) bool { return s.ShareDownloads })
}

func (e *Engine) setting(is func(*library.Settings) bool) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return is(&e.settings)
}

func (e *Engine) name() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.settings.Name
}
