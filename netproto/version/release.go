package version

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Release is the newest release, as the builder's address names it.
type Release struct {
	Version string `json:"version"` // like 1.2.3
	Page    string `json:"page"`    // for people, https; may be empty
}

const (
	maxRelease = 64 << 10 // bytes
	askTime    = 15 * time.Second
)

// CanAsk reports whether the builder named an address to ask.
func CanAsk() bool { return releases != "" }

// Newest asks the builder's address for the newest release. It waits 15 seconds at
// most, follows no redirect, and sends nothing but the question.
func Newest(ctx context.Context) (Release, error) { return newest(ctx, releases) }

func newest(ctx context.Context, address string) (r Release, err error) {
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	if !private(address) {
		return r, errors.New("the address of the releases is not one of https")
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return r, err
	}
	request.Header.Set("User-Agent", "CentralizedP2P")
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	defer client.CloseIdleConnections()
	response, err := client.Do(request)
	if err != nil {
		return r, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return r, fmt.Errorf("the address of the releases answers %s", response.Status)
	}
	raw, err := io.ReadAll(io.LimitReader(response.Body, maxRelease+1))
	if err != nil {
		return r, err
	}
	return parse(raw)
}

// private reports whether an address is one of https, or of this computer.
func private(address string) bool {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return false
	}
	ip, err := netip.ParseAddr(u.Hostname())
	return u.Scheme == "https" || u.Scheme == "http" && err == nil && ip.IsLoopback()
}

func parse(raw []byte) (r Release, err error) {
	if len(raw) > maxRelease {
		return r, errors.New("the list of releases is too long")
	}
	if err := json.Unmarshal(raw, &r); err != nil {
		return Release{}, fmt.Errorf("the list of releases cannot be read: %w", err)
	}
	if _, ok := numbers(r.Version); !ok {
		return Release{}, errors.New("the list of releases names no version")
	}
	if u, err := url.Parse(r.Page); err != nil || u.Scheme != "https" || u.Host == "" {
		r.Page = "" // it is opened in a browser
	}
	return r, nil
}

// Newer reports whether the release is newer than this program.
func (r Release) Newer() bool { return newer(r.Version, Number) }

func newer(a, b string) bool {
	left, ok := numbers(a)
	right, also := numbers(b)
	if !ok || !also {
		return false
	}
	for i := range left {
		if left[i] != right[i] {
			return left[i] > right[i]
		}
	}
	return false
}

// numbers returns the three numbers of a version without extras.
func numbers(text string) (list [3]uint64, ok bool) {
	parts := strings.Split(text, ".")
	if len(parts) != len(list) {
		return list, false
	}
	for i, part := range parts {
		n, err := strconv.ParseUint(part, 10, 32)
		if err != nil || strconv.FormatUint(n, 10) != part {
			return list, false
		}
		list[i] = n
	}
	return list, true
}
