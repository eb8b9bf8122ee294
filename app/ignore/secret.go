package ignore

import (
	"slices"
	"strings"
)

// Names of files with keys and passwords, in lower case. Those in secretNames are
// whole names, those in secretEndings follow the last dot of a name.
var (
	secretNames = set(".env", ".envrc", ".netrc", "_netrc", ".authinfo", ".pgpass", ".pgpass.conf", "pgpass.conf", ".npmrc", ".pypirc", ".dockercfg",
		".htpasswd", "htpasswd", "passwd", ".git-credentials", ".smbcredentials", "credentials", "credentials.db", "access_tokens.db", "auth.json",
		"secret", "secrets", ".secret", ".secrets", "secret.txt", "token", ".token", "apikey", ".apikey", "shadow", "shadow-", "gshadow", "gshadow-",
		"kubeconfig", "rclone.conf", "wpa_supplicant.conf", "wp-config.php", "hosts.yml", ".my.cnf", ".s3cfg", ".boto", ".passwd-s3fs", ".vault-token",
		".fetchmailrc", ".msmtprc", ".rhosts", ".xauthority", ".iceauthority", ".history", ".lesshst", ".viminfo", "sitemanager.xml", "recentservers.xml",
		"wallet.dat", "logins.json", "key3.db", "key4.db", "cookies", "cookies.sqlite", "login data", "web data", "secring.gpg", "pubring.kbx", "adbkey")
	secretEndings = set("env", "pem", "key", "p8", "p12", "pfx", "jks", "keystore", "keyring", "ppk", "kdb", "kdbx", "opvault", "agilekeychain", "agekey",
		"age", "gpg", "asc", "ovpn", "nmconnection", "wallet", "keychain", "keychain-db", "tfstate", "tfvars")
	secretBeginnings = []string{".env.", "credentials.", "secrets.", "keystore.", "api_key", "api-key", "api_token", "api-token"}
	secretParts      = []string{"password", "passwort", "passphrase", "mnemonic", "recovery code", "recovery-code", "recovery_code", "seed phrase"}
	secretTails      = []string{"_history", "_token", "-token", "_credentials.json", "-credentials.json", "_key.json", "-key.json", ".tfvars.json"}

	// keyNames are those of keys of SSH; what is public of them ends with ".pub".
	keyNames = []string{"id_rsa", "id_dsa", "id_ecdsa", "id_ed25519", "id_xmss", "deploy_key", "host_rsa_key", "host_ecdsa_key", "host_ed25519_key"}

	// secretFolders are folders all of whose files are secrets.
	secretFolders = set(".ssh", ".gnupg", ".aws", ".azure", ".kube", ".docker", ".password-store", ".gcloud", "gcloud", "doctl", "rclone", ".oci", ".fly",
		".step", "keyrings", "bitwarden", "1password", "keepassxc", ".mozilla", ".thunderbird", ".purple", ".vnc", ".electrum", ".bitcoin", ".ethereum",
		".monero", "system-connections", "wireguard")

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
	within := func(s string) bool { return strings.Contains(name, s) }
	if strings.HasSuffix(name, ".json") && (within("secret") || within("service-account") || within("service_account")) {
		return true
	}
	return slices.ContainsFunc(secretBeginnings, func(s string) bool { return strings.HasPrefix(name, s) }) ||
		slices.ContainsFunc(secretTails, func(s string) bool { return strings.HasSuffix(name, s) }) ||
		slices.ContainsFunc(secretParts, within) || !strings.HasSuffix(name, ".pub") && slices.ContainsFunc(keyNames, within)
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
