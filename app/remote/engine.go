package remote

import (
	"context"

	"centralizedp2p/app/face"
	"centralizedp2p/netproto"
)

var _ face.Engine = (*Client)(nil)

// The methods of [face.Engine], as that says. The names of the arguments are those of
// the table in methods.go.

// Status implements [face.Engine].
func (c *Client) Status(ctx context.Context) (face.Status, error) {
	return ask[face.Status](ctx, c, "Status", nil)
}

// Totals implements [face.Engine].
func (c *Client) Totals(ctx context.Context) (face.Totals, error) {
	return ask[face.Totals](ctx, c, "Totals", nil)
}

// Leaving implements [face.Engine].
func (c *Client) Leaving(ctx context.Context) (face.Leaving, error) {
	return ask[face.Leaving](ctx, c, "Leaving", nil)
}

// Checkup implements [face.Overview].
func (c *Client) Checkup(ctx context.Context) (netproto.Checkup, error) {
	return ask[netproto.Checkup](ctx, c, "Checkup", nil)
}

// Diagnostics implements [face.Engine].
func (c *Client) Diagnostics(ctx context.Context) (face.Diagnostics, error) {
	return ask[face.Diagnostics](ctx, c, "Diagnostics", nil)
}

// Downloads implements [face.Engine].
func (c *Client) Downloads(ctx context.Context) ([]face.Download, error) {
	return ask[[]face.Download](ctx, c, "Downloads", nil)
}

// Details implements [face.Engine].
func (c *Client) Details(ctx context.Context, download string) (face.Details, error) {
	return ask[face.Details](ctx, c, "Details", object{"download": download})
}

// Download implements [face.Engine].
func (c *Client) Download(ctx context.Context, request face.DownloadRequest) error {
	return order(ctx, c, "Download", object{"request": request})
}

// Pause implements [face.Engine].
func (c *Client) Pause(ctx context.Context, downloads []string) error {
	return order(ctx, c, "Pause", object{"downloads": downloads})
}

// Resume implements [face.Engine].
func (c *Client) Resume(ctx context.Context, downloads []string) error {
	return order(ctx, c, "Resume", object{"downloads": downloads})
}

// Retry implements [face.Engine].
func (c *Client) Retry(ctx context.Context, downloads []string) error {
	return order(ctx, c, "Retry", object{"downloads": downloads})
}

// Cancel implements [face.Engine].
func (c *Client) Cancel(ctx context.Context, downloads []string) error {
	return order(ctx, c, "Cancel", object{"downloads": downloads})
}

// Remove implements [face.Engine].
func (c *Client) Remove(ctx context.Context, downloads []string) error {
	return order(ctx, c, "Remove", object{"downloads": downloads})
}

// RemoveToTrash implements [face.Engine].
func (c *Client) RemoveToTrash(ctx context.Context, downloads []string) error {
	return order(ctx, c, "RemoveToTrash", object{"downloads": downloads})
}

// RemoveWithFiles implements [face.Engine].
func (c *Client) RemoveWithFiles(ctx context.Context, downloads []string) error {
	return order(ctx, c, "RemoveWithFiles", object{"downloads": downloads})
}

// MoveInQueue implements [face.Engine].
func (c *Client) MoveInQueue(ctx context.Context, downloads []string, way face.QueueMove) error {
	return order(ctx, c, "MoveInQueue", object{"downloads": downloads, "way": way})
}

// SetPriority implements [face.Engine].
func (c *Client) SetPriority(ctx context.Context, downloads []string, priority face.Priority) error {
	return order(ctx, c, "SetPriority", object{"downloads": downloads, "priority": priority})
}

// SetDownloadLimit implements [face.Engine].
func (c *Client) SetDownloadLimit(ctx context.Context, downloads []string, bytesPerSecond int64) error {
	return order(ctx, c, "SetDownloadLimit", object{"downloads": downloads, "bytes_per_second": bytesPerSecond})
}

// Prefer implements [face.Engine].
func (c *Client) Prefer(ctx context.Context, download, path string) error {
	return order(ctx, c, "Prefer", object{"download": download, "path": path})
}

// Verify implements [face.Engine].
func (c *Client) Verify(ctx context.Context, downloads []string) error {
	return order(ctx, c, "Verify", object{"downloads": downloads})
}

// MoveTo implements [face.Engine].
func (c *Client) MoveTo(ctx context.Context, downloads []string, folder string) error {
	return order(ctx, c, "MoveTo", object{"downloads": downloads, "folder": folder})
}

// Preview implements [face.Engine].
func (c *Client) Preview(ctx context.Context, download, path string) (face.Preview, error) {
	return ask[face.Preview](ctx, c, "Preview", object{"download": download, "path": path})
}

// Uploads implements [face.Engine].
func (c *Client) Uploads(ctx context.Context) ([]face.Upload, error) {
	return ask[[]face.Upload](ctx, c, "Uploads", nil)
}

// StopUploads implements [face.Engine].
func (c *Client) StopUploads(ctx context.Context, uploads []string) error {
	return order(ctx, c, "StopUploads", object{"uploads": uploads})
}

// Shares implements [face.Engine].
func (c *Client) Shares(ctx context.Context) ([]face.Share, error) {
	return ask[[]face.Share](ctx, c, "Shares", nil)
}

// Review implements [face.Engine].
func (c *Client) Review(ctx context.Context, paths []string) (face.Review, error) {
	return ask[face.Review](ctx, c, "Review", object{"paths": paths})
}

// Share implements [face.Engine].
func (c *Client) Share(ctx context.Context, request face.ShareRequest) error {
	return order(ctx, c, "Share", object{"request": request})
}

// StopSharing implements [face.Engine].
func (c *Client) StopSharing(ctx context.Context, shares []string) error {
	return order(ctx, c, "StopSharing", object{"shares": shares})
}

// ShareAgain implements [face.Engine].
func (c *Client) ShareAgain(ctx context.Context, shares []string) error {
	return order(ctx, c, "ShareAgain", object{"shares": shares})
}

// LinkOf implements [face.Engine].
func (c *Client) LinkOf(ctx context.Context, share string) (string, error) {
	return ask[string](ctx, c, "LinkOf", object{"share": share})
}

// LeftOut implements [face.Engine].
func (c *Client) LeftOut(ctx context.Context, share string) (face.LeftOut, error) {
	return ask[face.LeftOut](ctx, c, "LeftOut", object{"share": share})
}

// VisibleTo implements [face.Engine].
func (c *Client) VisibleTo(ctx context.Context, share string) (face.Visible, error) {
	return ask[face.Visible](ctx, c, "VisibleTo", object{"share": share})
}

// SetVisible implements [face.Engine].
func (c *Client) SetVisible(ctx context.Context, shares []string, visible face.Visible) error {
	return order(ctx, c, "SetVisible", object{"shares": shares, "visible": visible})
}

// Search implements [face.Engine].
func (c *Client) Search(ctx context.Context, request face.SearchRequest) (face.SearchPage, error) {
	return ask[face.SearchPage](ctx, c, "Search", object{"request": request})
}

// FolderContents implements [face.Engine].
func (c *Client) FolderContents(ctx context.Context, folder netproto.ContentHash) (face.Folder, error) {
	return ask[face.Folder](ctx, c, "FolderContents", object{"folder": folder})
}

// Have implements [face.Engine].
func (c *Client) Have(ctx context.Context, contents []netproto.ContentHash) ([]face.Have, error) {
	return ask[[]face.Have](ctx, c, "Have", object{"contents": contents})
}

// Tracker implements [face.Engine].
func (c *Client) Tracker(ctx context.Context) (face.TrackerView, error) {
	return ask[face.TrackerView](ctx, c, "Tracker", nil)
}

// UseTracker implements [face.Engine].
func (c *Client) UseTracker(ctx context.Context, address string) error {
	return order(ctx, c, "UseTracker", object{"address": address})
}

// AlsoUseTracker implements [face.Engine].
func (c *Client) AlsoUseTracker(ctx context.Context, address string, on bool) error {
	return order(ctx, c, "AlsoUseTracker", object{"address": address, "on": on})
}

// ForgetTracker implements [face.Engine].
func (c *Client) ForgetTracker(ctx context.Context, address string) error {
	return order(ctx, c, "ForgetTracker", object{"address": address})
}

// Reconnect implements [face.Engine].
func (c *Client) Reconnect(ctx context.Context) error {
	return order(ctx, c, "Reconnect", nil)
}

// AcceptTrackerKey implements [face.Engine].
func (c *Client) AcceptTrackerKey(ctx context.Context, address string, key netproto.Fingerprint) error {
	return order(ctx, c, "AcceptTrackerKey", object{"address": address, "key": key})
}

// StartTracker implements [face.Engine].
func (c *Client) StartTracker(ctx context.Context) error {
	return order(ctx, c, "StartTracker", nil)
}

// StopTracker implements [face.Engine].
func (c *Client) StopTracker(ctx context.Context) error {
	return order(ctx, c, "StopTracker", nil)
}

// Settings implements [face.Engine].
func (c *Client) Settings(ctx context.Context) (face.Settings, error) {
	return ask[face.Settings](ctx, c, "Settings", nil)
}

// ApplySettings implements [face.Engine].
func (c *Client) ApplySettings(ctx context.Context, settings face.Settings) error {
	return order(ctx, c, "ApplySettings", object{"settings": settings})
}

// SetQuickLimit implements [face.Engine].
func (c *Client) SetQuickLimit(ctx context.Context, on bool) error {
	return order(ctx, c, "SetQuickLimit", object{"on": on})
}

// TestPort implements [face.Engine].
func (c *Client) TestPort(ctx context.Context) (netproto.Reachability, error) {
	return ask[netproto.Reachability](ctx, c, "TestPort", nil)
}

// People implements [face.Engine].
func (c *Client) People(ctx context.Context, words string) (face.PeopleList, error) {
	return ask[face.PeopleList](ctx, c, "People", object{"words": words})
}

// Person implements [face.Engine].
func (c *Client) Person(ctx context.Context, person netproto.PeerID) (face.Person, error) {
	return ask[face.Person](ctx, c, "Person", object{"person": person})
}

// Browse implements [face.Engine].
func (c *Client) Browse(ctx context.Context, person netproto.PeerID, cursor string) (face.SearchPage, error) {
	return ask[face.SearchPage](ctx, c, "Browse", object{"person": person, "cursor": cursor})
}

// Know implements [face.Engine].
func (c *Client) Know(ctx context.Context, person netproto.PeerID, known face.Known) error {
	return order(ctx, c, "Know", object{"person": person, "known": known})
}

// ReviewSend implements [face.Engine].
func (c *Client) ReviewSend(ctx context.Context, paths []string) (face.Review, error) {
	return ask[face.Review](ctx, c, "ReviewSend", object{"paths": paths})
}

// Send implements [face.Engine].
func (c *Client) Send(ctx context.Context, request face.SendRequest) (string, error) {
	return ask[string](ctx, c, "Send", object{"request": request})
}

// Outbox implements [face.Engine].
func (c *Client) Outbox(ctx context.Context) ([]face.Request, error) {
	return ask[[]face.Request](ctx, c, "Outbox", nil)
}

// Inbox implements [face.Engine].
func (c *Client) Inbox(ctx context.Context) ([]face.Request, error) {
	return ask[[]face.Request](ctx, c, "Inbox", nil)
}

// Accept implements [face.Engine].
func (c *Client) Accept(ctx context.Context, request, folder string) error {
	return order(ctx, c, "Accept", object{"request": request, "folder": folder})
}

// Decline implements [face.Engine].
func (c *Client) Decline(ctx context.Context, requests []string) error {
	return order(ctx, c, "Decline", object{"requests": requests})
}

// Withdraw implements [face.Engine].
func (c *Client) Withdraw(ctx context.Context, requests []string) error {
	return order(ctx, c, "Withdraw", object{"requests": requests})
}

// Clear implements [face.Engine].
func (c *Client) Clear(ctx context.Context, requests []string) error {
	return order(ctx, c, "Clear", object{"requests": requests})
}

// Wishes implements [face.Engine].
func (c *Client) Wishes(ctx context.Context) ([]face.Wish, error) {
	return ask[[]face.Wish](ctx, c, "Wishes", nil)
}

// AddWish implements [face.Engine].
func (c *Client) AddWish(ctx context.Context, request face.WishRequest) (string, error) {
	return ask[string](ctx, c, "AddWish", object{"request": request})
}

// RemoveWishes implements [face.Engine].
func (c *Client) RemoveWishes(ctx context.Context, wishes []string) error {
	return order(ctx, c, "RemoveWishes", object{"wishes": wishes})
}

// SeeWishes implements [face.Engine].
func (c *Client) SeeWishes(ctx context.Context) error { return order(ctx, c, "SeeWishes", nil) }
