package face

import (
	"errors"

	"centralizedp2p/netproto"
)

// Failure is an error as a value; the zero Failure is none.
type Failure struct {
	Code   netproto.Code `json:"code"`
	Detail string        `json:"detail,omitempty"` // which file, address or value
}

// FailureOf returns the code and the detail of err as a value. An error without
// a code becomes "internal".
func FailureOf(err error) Failure {
	if err == nil {
		return Failure{}
	}
	if e, ok := errors.AsType[*netproto.Error](err); ok {
		return Failure{Code: e.Code, Detail: e.Detail}
	}
	return Failure{Code: netproto.CodeInternal, Detail: err.Error()}
}

// IsZero reports whether nothing failed.
func (f Failure) IsZero() bool { return f.Code == "" }

// Error turns the failure back into an error that [netproto.CodeOf] knows.
func (f Failure) Error() *netproto.Error { return &netproto.Error{Code: f.Code, Detail: f.Detail} }
