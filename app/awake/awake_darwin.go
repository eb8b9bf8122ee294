package awake

import (
	"io"
	"os"
	"os/exec"
	"strconv"
)

// stopSleep runs caffeinate(8), which ends with this process.
func stopSleep() (io.Closer, error) {
	cmd := exec.Command("/usr/bin/caffeinate", "-i", "-w", strconv.Itoa(os.Getpid()))
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	return caffeinated{cmd}, nil
}

type caffeinated struct{ cmd *exec.Cmd }

// Close ends caffeinate.
func (c caffeinated) Close() error {
	if err := c.cmd.Process.Kill(); err != nil {
		return err
	}
	_ = c.cmd.Wait() // it was killed
	return nil
}
