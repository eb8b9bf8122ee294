package seedpeer

import (
	"errors"
	"io/fs"

	"centralizedp2p/netproto"
	"centralizedp2p/netproto/oserror"
)

// bindError says why a UDP address of this computer cannot be used.
func bindError(address string, err error) error {
	switch {
	case errors.Is(err, errAddressInUse):
		return &netproto.Error{Code: netproto.CodePortInUse, Detail: "UDP " + address, Cause: err}
	case errors.Is(err, errAddressNotHere):
		return &netproto.Error{Code: netproto.CodeInvalid, Detail: "this computer does not have the address of " + address, Cause: err}
	case errors.Is(err, fs.ErrPermission):
		return &netproto.Error{Code: netproto.CodeInvalid, Detail: "the UDP port of " + address +
			" is kept for administrators, choose one above 1023", Cause: err}
	}
	return netproto.Errorf(netproto.CodeInvalid, "the UDP address %s cannot be used: %w", address, err)
}

// diskError says why a file cannot be saved in the folder.
func diskError(dir string, err error) error {
	code := netproto.CodeFolderUnwritable
	if oserror.NoSpace(err) {
		code = netproto.CodeNoSpace
	}
	return netproto.Errorf(code, "%s: %w", dir, err)
}
