package command

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

func cmdHTTP(ts *testscript.TestScript, args []string) error {
	want, err := strconv.Atoi(args[0])
	if err != nil {
		return err
	}
	header, body := http.Header{}, ""
	for _, arg := range args[3:] {
		name, value, ok := strings.Cut(arg, ": ")
		if ok && !strings.HasPrefix(arg, "{") {
			header.Set(name, value)
		} else {
			body = arg
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, args[1], args[2], strings.NewReader(body))
	if err != nil {
		return err
	}
	request.Header, request.Host = header, header.Get("Host")
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true, DisableCompression: true}}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	got, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if len(got) < 1<<20 {
		show(ts, string(got), "")
	}
	var object map[string]any
	if json.Unmarshal(got, &object) == nil {
		for field, value := range object {
			ts.Setenv("http_"+field, fmt.Sprint(value))
		}
	}
	if response.StatusCode != want {
		return fmt.Errorf("status %d: %.300s", response.StatusCode, got)
	}
	return os.WriteFile(ts.MkAbs("body"), got, 0o644)
}
