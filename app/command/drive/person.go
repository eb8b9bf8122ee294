package drive

import (
	"context"
	"strings"

	"centralizedp2p/app/face"
	"centralizedp2p/netproto"
)

// MaxListed bounds how many of those that have one name its error lists.
const MaxListed = 10

// PersonNamed returns the one person with a name, or with an ID.
func PersonNamed(ctx context.Context, engine face.Engine, name string) (face.Person, error) {
	var id netproto.PeerID
	if err := id.UnmarshalText([]byte(name)); err == nil {
		return engine.Person(ctx, id)
	}
	list, err := engine.People(ctx, name)
	var same []face.Person
	var ids []string
	for _, person := range list.People {
		if strings.EqualFold(person.Name, name) {
			same, ids = append(same, person), append(ids, person.PeerID.String())
		}
	}
	switch {
	case len(same) == 1 && !list.More:
		return same[0], nil
	case len(same) > 0:
		return face.Person{}, netproto.Errorf(netproto.CodeAmbiguous, "%q is the name of several people: say which ID you mean: %s",
			name, strings.Join(ids[:min(len(ids), MaxListed)], ", "))
	case err != nil:
		return face.Person{}, err
	}
	return face.Person{}, netproto.Errorf(netproto.CodeNotFound, "nobody called %q is on the tracker", name)
}
