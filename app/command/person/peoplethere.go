package person

import (
	"context"

	"centralizedp2p/app/command/drive"
	"centralizedp2p/app/face"
	"centralizedp2p/netproto"
)

// What people does with a peer that runs with the profile already.

// eventOfPerson is a person as a running peer knows them.
func eventOfPerson(person face.Person) personEvent {
	return personEvent{Event: "person", PeerID: person.PeerID, Name: person.Name, Online: person.Online, LastSeen: person.LastSeen,
		Resources: person.Resources, Bytes: person.Bytes, Favourite: person.Favourite, Verified: person.Verified, Blocked: person.Blocked,
		Always: person.Always, Words: person.Words}
}

func (p *program) listPeopleThere(ctx context.Context, engine face.Engine, words string) error {
	list, err := engine.People(ctx, words)
	if err != nil {
		return err
	}
	for _, person := range list.People {
		p.personIs(eventOfPerson(person))
	}
	switch {
	case len(list.People) == 0 && words != "":
		return netproto.Errorf(netproto.CodeNotFound, "nobody whose name contains %q is on the tracker", words)
	case len(list.People) == 0:
		p.Say("Nobody else is here.")
	case list.More:
		p.Say("There are more: name them.")
	}
	return nil
}

func (p *program) verifyThere(ctx context.Context, engine face.Engine, name string) error {
	person, err := drive.PersonNamed(ctx, engine, name)
	if err != nil {
		return err
	}
	p.words(eventOfPerson(person))
	return nil
}

// knowingThere changes what a running peer remembers of somebody.
func (p *program) knowingThere(name string, change func(*face.Known)) drive.EngineWork {
	return func(ctx context.Context, engine face.Engine) error {
		person, err := drive.PersonNamed(ctx, engine, name)
		if err != nil {
			return err
		}
		change(&person.Known)
		if err := engine.Know(ctx, person.PeerID, person.Known); err != nil {
			return err
		}
		p.personIs(eventOfPerson(person))
		return nil
	}
}
