package record

import (
	"encoding/binary"
	"math"

	"centralizedp2p/tracker/store"
)

// AppendInvite appends an invite but for its hash: uv expires, in Unix milliseconds | u8 n | for
func AppendInvite(dst []byte, i *store.Invite) []byte {
	dst = binary.AppendUvarint(dst, uint64(i.Expires.UnixMilli()))
	return append(append(dst, byte(len(i.For))), i.For...)
}

// ParseInvite reads what AppendInvite wrote.
func ParseInvite(raw []byte) (store.Invite, error) {
	d := decoder{rest: raw}
	i := store.Invite{Expires: unixMilli(d.number(math.MaxInt64))}
	i.For = d.text(store.MaxInviteFor)
	return i, d.end()
}

// AppendMember appends a member but for its key: uv since, in Unix milliseconds | u8 n | for
func AppendMember(dst []byte, m *store.Member) []byte {
	dst = binary.AppendUvarint(dst, uint64(m.Since.UnixMilli()))
	return append(append(dst, byte(len(m.For))), m.For...)
}

// ParseMember reads what AppendMember wrote.
func ParseMember(raw []byte) (store.Member, error) {
	d := decoder{rest: raw}
	m := store.Member{Since: unixMilli(d.number(math.MaxInt64))}
	m.For = d.text(store.MaxInviteFor)
	return m, d.end()
}

// AppendBan appends a ban but for its target: uv since, in Unix milliseconds | u8 n | why
func AppendBan(dst []byte, b *store.Ban) []byte {
	dst = binary.AppendUvarint(dst, uint64(b.Since.UnixMilli()))
	return append(append(dst, byte(len(b.Why))), b.Why...)
}

// ParseBan reads what AppendBan wrote; the key is the text of the target.
func ParseBan(key, raw []byte) (store.Ban, error) {
	target, err := store.ParseTarget(string(key))
	if err != nil {
		return store.Ban{}, err
	}
	d := decoder{rest: raw}
	b := store.Ban{Target: target, Since: unixMilli(d.number(math.MaxInt64))}
	b.Why = d.text(store.MaxWhy)
	return b, d.end()
}

// text reads u8 n | text of at most that many bytes.
func (d *decoder) text(most int) string {
	text := string(d.take(int(d.byte())))
	if len(text) > most {
		d.bad = true
	}
	return text
}
