//go:build linux

package load

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"golang.org/x/sync/errgroup"
	"lukechampine.com/blake3"
)

// The floor is what the work itself costs in Go: a program that reads, encrypts, sends,
// decrypts, hashes and writes, with the libraries of the product and without a protocol:
// no manifest, no piece that is verified alone, nothing that can be resumed.
const (
	floorShare = "floor-share" // PATH
	floorGet   = "floor-get"   // ADDRESS PATH SIZE CONNECTIONS DURABLE

	floorBuffer = 256 << 10 // of both sides, bytes
)

// beFloorShare sends ranges of a file until ctx ends.
func beFloorShare(ctx context.Context, path string) error {
	certificate, err := selfSigned()
	if err != nil {
		return err
	}
	ln, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS13})
	if err != nil {
		return err
	}
	defer context.AfterFunc(ctx, func() { ln.Close() })()
	if err := json.NewEncoder(os.Stdout).Encode(event{Address: ln.Addr().String()}); err != nil {
		return err
	}
	for {
		conn, err := ln.Accept()
		if err != nil {
			return nil // it was closed
		}
		go func() {
			if err := sendRange(conn, path); err != nil {
				fmt.Fprintln(os.Stderr, err)
			}
		}()
	}
}

// sendRange sends what the other end asks for: an offset and a length.
func sendRange(conn net.Conn, path string) error {
	defer conn.Close()
	var asked [16]byte
	if _, err := io.ReadFull(conn, asked[:]); err != nil {
		return err
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	part := io.NewSectionReader(f, int64(binary.BigEndian.Uint64(asked[:])), int64(binary.BigEndian.Uint64(asked[8:])))
	buffer := make([]byte, floorBuffer)
	for {
		n, err := part.Read(buffer)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			_, err = conn.Write(buffer[:n])
		}
		if err != nil {
			return err
		}
	}
}

// beFloorGet fetches a file over some connections, each of which has its part.
func beFloorGet(address, path string, size int64, connections int, durable bool) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	var parts errgroup.Group
	for i := range int64(connections) {
		first, end := size*i/int64(connections), size*(i+1)/int64(connections)
		parts.Go(func() error { return receiveRange(f, address, first, end-first) })
	}
	if err := parts.Wait(); err != nil {
		return err
	}
	if durable {
		return f.Sync()
	}
	return nil
}

func receiveRange(f *os.File, address string, offset, length int64) error {
	conn, err := tls.Dial("tcp", address, &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS13})
	if err != nil {
		return err
	}
	defer conn.Close()
	asked := binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, uint64(offset)), uint64(length))
	if _, err := conn.Write(asked); err != nil {
		return err
	}
	buffer, hash := make([]byte, floorBuffer), blake3.New(32, nil)
	for end := offset + length; offset < end; {
		n, err := io.ReadFull(conn, buffer[:min(floorBuffer, end-offset)])
		if err != nil {
			return err
		}
		hash.Write(buffer[:n])
		if _, err := f.WriteAt(buffer[:n], offset); err != nil {
			return err
		}
		offset += int64(n)
	}
	return nil
}

// beFloor is main of all of them.
func beFloor(ctx context.Context, args []string) int {
	var err error
	switch args[0] {
	case floorShare:
		err = beFloorShare(ctx, args[1])
	case floorHash:
		err = beFloorHash(args[1])
	default:
		size, errSize := strconv.ParseInt(args[3], 10, 64)
		connections, errConnections := strconv.Atoi(args[4])
		durable, errDurable := strconv.ParseBool(args[5])
		if err = errors.Join(errSize, errConnections, errDurable); err == nil {
			err = beFloorGet(args[1], args[2], size, connections, durable)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

func floorName(connections int) string { return fmt.Sprintf("floor-%d", connections) }

// floor serves a file, and fetches it over a number of connections.
func (s *stage) floor(path string, size int64) func(connections int, durable bool, cost func(time.Duration)) contender {
	s.Helper()
	sharer, err := s.launch(floorShare, path)
	check(s, err)
	s.endWith(sharer)
	said, err := sharer.until("address", nil)
	check(s, err)
	return func(connections int, durable bool, cost func(time.Duration)) contender {
		return contender{name: floorName(connections), run: func(to string) (time.Duration, error) {
			before, err := busyTime(sharer.Process.Pid)
			if err != nil {
				return 0, err
			}
			began := time.Now()
			getter, err := s.launch(floorGet, said.Address, filepath.Join(to, filepath.Base(path)), fmt.Sprint(size), fmt.Sprint(connections), fmt.Sprint(durable))
			if err != nil {
				return 0, err
			}
			defer getter.hurry(patience)()
			if err := getter.Wait(); err != nil {
				return 0, err
			}
			took := time.Since(began)
			after, err := busyTime(sharer.Process.Pid)
			cost(getter.used() + after - before)
			return took, err
		}}
	}
}

// selfSigned is a certificate for this computer, for an hour.
func selfSigned() (tls.Certificate, error) {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), DNSNames: []string{"localhost"}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, public, private)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: private}, err
}

// writePEM writes a certificate and its key for other programs.
func writePEM(c tls.Certificate, path string) error {
	key, err := x509.MarshalPKCS8PrivateKey(c.PrivateKey)
	if err != nil {
		return err
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Certificate[0]})
	return os.WriteFile(path, append(text, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})...), 0o600)
}
