// Explorer starts a program as Explorer does: as the child of explorer.exe.
package main

import (
	"os"
	"os/exec"
)

func main() {
	child := exec.Command(os.Args[1], os.Args[2:]...)
	child.Stdout, child.Stderr = os.Stdout, os.Stderr
	if child.Run() != nil {
		os.Exit(1)
	}
}
