package remote

import (
	"context"

	"centralizedp2p/app/face"
)

// OfferWeb implements [face.Engine].
func (c *Client) OfferWeb(ctx context.Context, offer face.WebOffer) (string, error) {
	return ask[string](ctx, c, "OfferWeb", object{"offer": offer})
}

// ReceiveWeb implements [face.Engine].
func (c *Client) ReceiveWeb(ctx context.Context, folder string) (string, error) {
	return ask[string](ctx, c, "ReceiveWeb", object{"folder": folder})
}

// WebPages implements [face.Engine].
func (c *Client) WebPages(ctx context.Context) ([]face.WebPage, error) {
	return ask[[]face.WebPage](ctx, c, "WebPages", nil)
}

// SetWebTerms implements [face.Engine].
func (c *Client) SetWebTerms(ctx context.Context, page string, terms face.WebTerms) error {
	return order(ctx, c, "SetWebTerms", object{"page": page, "terms": terms})
}

// CloseWeb implements [face.Engine].
func (c *Client) CloseWeb(ctx context.Context, pages []string) error {
	return order(ctx, c, "CloseWeb", object{"pages": pages})
}

// ListFolder implements [face.Engine].
func (c *Client) ListFolder(ctx context.Context, folder string) (face.FolderList, error) {
	return ask[face.FolderList](ctx, c, "ListFolder", object{"folder": folder})
}
