package ignore

import (
	"slices"
	"strings"
)

// Names of files with keys and passwords, in lower case. Those in secretNames are
// whole names, those in secretEndings follow the last dot of a name.
var (
	secretNames = set(".env", "id_rsa", "id_dsa", "id_ecdsa", "id_ed25519", "id_ecdsa_sk", "id_ed25519_sk", ".netrc", "_netrc", ".pgpass",
		".npmrc", ".pypirc", ".htpasswd", ".git-credentials", "credentials", "wallet.dat", "shadow", "logins.json", "key3.db", "key4.db",
		"cookies.sqlite", "login data", ".vault-token", ".my.cnf", ".s3cfg", ".boto", "secring.gpg", "kubeconfig", "credentials.db", "access_tokens.db")
	secretEndings = set("env", "pem", "key", "p12", "pfx", "jks", "keystore", "ppk", "kdb", "kdbx", "opvault", "agilekeychain", "ovpn", "wallet",
		"gpg", "asc", "keychain", "keychain-db", "tfstate", "tfvars")
	secretBeginnings = []string{".env.", "credentials.", "secrets.", "keystore."}
	secretParts      = []string{"password", "passwort"}

	// secretFolders are folders all of whose files are secrets.
	secretFolders = set(".ssh", ".gnupg", ".aws", ".azure", ".kube", ".docker", ".password-store", ".gcloud", "keyrings")

	// copyEndings are what editors and people append to the name of an older copy.
	copyEndings = []string{"~", ".bak", ".backup", ".orig", ".old", ".save", ".swp", ".swo", ".swx", ".tmp", ".copy", ".new",
		".dpkg-old", ".dpkg-dist", ".rpmsave"}
)

func set(names ...string) map[string]struct{} {
	s := make(map[string]struct{}, len(names))
	for _, name := range names {
		s[name] = struct{}{}
	}
	return s
}

// Secret reports whether the name of a file is one that keys and passwords have, or
// that of an editor's copy of such a file, as ".env~" or ".#id_rsa".
func Secret(name string) bool {
	name = strings.ToLower(name)
	for {
		if secretName(name) {
			return true
		}
		shorter := original(name)
		if shorter == name {
			return false
		}
		name = shorter
	}
}

func secretName(name string) bool {
	if _, ok := secretNames[name]; ok {
		return true
	}
	if dot := strings.LastIndexByte(name, '.'); dot >= 0 {
		if _, ok := secretEndings[name[dot+1:]]; ok {
			return true
		}
	}
	if strings.HasSuffix(name, ".json") && (strings.Contains(name, "secret") || strings.HasSuffix(name, "_credentials.json")) {
		return true
	}
	return slices.ContainsFunc(secretBeginnings, func(s string) bool { return strings.HasPrefix(name, s) }) ||
		slices.ContainsFunc(secretParts, func(s string) bool { return strings.Contains(name, s) })
}

// original is the name of the file that a file with this name is a copy of; the name
// itself if it does not look like a copy.
func original(name string) string {
	for _, ending := range copyEndings {
		if stem, ok := strings.CutSuffix(name, ending); ok && stem != "" {
			if strings.HasPrefix(ending, ".sw") { // vim's file for "x" is ".x.swp"
				stem = strings.TrimPrefix(stem, ".")
			}
			return stem
		}
	}
	if stem, ok := strings.CutPrefix(name, ".#"); ok && stem != "" {
		return stem
	}
	if stem, ok := strings.CutPrefix(name, "#"); ok && stem != "" { // "#x#", of emacs
		return strings.TrimSuffix(stem, "#")
	}
	if stem, ok := strings.CutPrefix(name, "copy of "); ok {
		return stem
	}
	return numbered(name)
}

// numbered takes a "copy" or a number away: "x (2)", "x copy", "x.1".
func numbered(name string) string {
	stem := strings.TrimRight(name, "0123456789")
	if stem != name {
		if before, ok := strings.CutSuffix(stem, "."); ok && before != "" {
			return before
		}
	}
	if before, after, ok := strings.Cut(name, " ("); ok && before != "" { // "x (2)" and "x (2).pem"
		if number, rest, ok := strings.Cut(after, ")"); ok && strings.Trim(number, "0123456789") == "" {
			return before + rest
		}
	}
	if stem, ok := strings.CutSuffix(name, " copy"); ok {
		return stem
	}
	return name
}

// SecretFolder reports whether everything in a folder of that name is secret.
func SecretFolder(name string) bool {
	_, ok := secretFolders[strings.ToLower(name)]
	return ok
}

// SecretPath reports whether a slash-separated path is one of a secret file: by its
// own name or by a folder above it.
func SecretPath(rel string) bool {
	for {
		dir, below, found := strings.Cut(rel, "/")
		if !found {
			return Secret(rel)
		}
		if SecretFolder(dir) {
			return true
		}
		rel = below
	}
}
