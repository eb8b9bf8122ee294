//go:build !cgo || headless

package main

import "centralizedp2p/app/command"

// openDesktop is nil: this build has no window.
var openDesktop command.Desktop
