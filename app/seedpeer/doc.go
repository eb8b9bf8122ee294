// Package seedpeer exchanges files with seed clients, the Python program that
// this one grew out of, and others that behave like it: one UDP datagram each way.
//
//   - [Server] answers them with the first 10,240 bytes of a registered file.
//   - [Fetch] asks one of them for a file and checks its MD5 before the file
//     gets its name.
//   - [RunConsole] is the seed's own console on top of both.
//
// A seed peer opens whatever path a datagram names. A Server never opens a
// path from the network: the datagram is looked up, as a whole, among the
// registered pairs of path and name, and the file that was registered is read.
//
// # The console
//
// The prompt is "> ", even if the input is not a terminal. Commands and messages
// are the seed's (the end of the input counts as -q):
//
//	-u <path/name>   resource 'x' uploaded!                 resource 'x' not found!
//	-d <name>        resource '…' downloaded at path 'downloads/'!
//	                 resource '…' downloaded at path 'downloads/' but hash is incorrect, file might be corrupted!
//	                 no peers found for resource 'x'!
//	                 it looks like peer 'ip:port' is not responding, interrupting connection!
//	-l               one line of JSON for each resource
//	-q               bye...
//
// What is known of the seed leaves some details open. Here x is the name of the
// resource without its path, … is the name of the file in downloads/, which is
// <peer_ip>_<resource_name>, and a line of -l has the five fields of the
// tracker's answer in their order. If something fails about which the seed says
// nothing, or a file is kept that is not whole, a sentence follows.
package seedpeer
