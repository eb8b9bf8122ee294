package ignore

import "testing"

func TestNamesThatLookLikeSecrets(t *testing.T) {
	for _, name := range []string{".env", ".env.local", "ID_RSA", "id_ed25519", "passwords.kdbx", "server.pem", "My Passwords.txt", ".netrc",
		"wallet.dat", "backup.p12", ".envrc", "id_rsa_work", "my_id_rsa", "id_rsa.txt", "ssh_host_ed25519_key", "deploy_key", ".bash_history", "AuthKey.p8",
		"home.nmconnection", "login.keyring", "gcp-key.json", "my-service-account-1.json", "prod.auto.tfvars.json", "api_key.txt", ".github_token",
		"GitHub Recovery Codes.pdf", "rclone.conf", "shadow-", ".Xauthority", "Cookies", "Web Data", "wp-config.php", ".secrets", "secret.txt",
		".env~", "id_rsa.bak", ".#id_rsa", "#id_rsa#", ".env.swp", "..env.swp", ".id_rsa.swp", "server.key.orig", "id_rsa.old~", "id_rsa (2)", "server (3).pem",
		"Copy of id_rsa", "id_rsa copy", "id_ed25519.1", "prod.tfstate.backup"} {
		if !Secret(name) {
			t.Errorf("%s does not look like a secret", name)
		}
	}
	for _, name := range []string{"song.flac", "environment.txt", "keynote.pdf", "id_rsa.pub", "id_ed25519_work.pub", "README", "history.txt", "tokens.md", "cookies.txt", "The Secret Garden.epub", "keys.flac", "secretary.json.txt",
		"monkey.jpg", "shadows.mkv",
		"notes~", "a.bak", "~", ".bak",
		"#", ".#", "holiday (2).jpg", "report.1", "1", ""} {
		if Secret(name) {
			t.Errorf("%s looks like a secret", name)
		}
	}
}

func TestPathsOfSecrets(t *testing.T) {
	for path, want := range map[string]bool{".ssh/config": true, "home/.SSH/known_hosts": true, "a/.gnupg/x/y": true, "docs/id_rsa": true,
		"/home/zoe/.ssh/config": true, "/home/zoe/.config/rclone/x": true, "/home/zoe/.vnc/": true,
		"docs/ssh/config": false, "id_rsa/readme": false, "song.flac": false} {
		if SecretPath(path) != want {
			t.Errorf("%s: secret is %v", path, !want)
		}
	}
}
