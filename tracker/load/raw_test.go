package load

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"centralizedp2p/netproto"
)

// The requests of hostile clients, generated where that makes sense.

// text is a request with a body, which ends its connection.
func text(method, path, body string, headers ...string) string {
	head := method + " " + path + " HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n"
	for _, h := range headers {
		head += h + "\r\n"
	}
	if body != "" {
		head += fmt.Sprintf("Content-Type: application/json\r\nContent-Length: %d\r\n", len(body))
	}
	return head + "\r\n" + body
}

var zeros = strings.Repeat("0", 64)

// route is one of a tracker, with the methods that it has.
type route struct {
	path    string
	methods string
}

var secureRoutes = []route{
	{netproto.RouteTracker, "GET"}, {netproto.RouteSelf, "PUT DELETE"}, {netproto.RouteHeartbeat, "POST"}, {netproto.RouteResources, "GET POST DELETE"},
	{netproto.RouteResources + "/" + strings.Repeat("ab", 32), "GET"}, {netproto.RouteResources + "/" + strings.Repeat("ab", 32) + "/peers", "GET"},
	{"/v1/peers/00000000-0000-8000-8000-000000000000/resources", "GET"}, {netproto.RouteStats, "GET"},
}

var openRoutes = []route{
	{netproto.RouteHealth, "GET"}, {netproto.RouteReady, "GET"}, {"/metrics", "GET"}, {"/openapi.yaml", "GET"}, {"/", "GET"}, {"/page/style.css", "GET"}, {"/page/live.js", "GET"},
}

var methods = []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "get", "PURGE"}

// wrongMethods are all routes with all methods that they have not, and a few that are none.
func wrongMethods() []raw {
	var list []raw
	for _, r := range slices.Concat(secureRoutes, openRoutes) {
		secure := strings.HasPrefix(r.path, "/v1")
		for _, m := range methods {
			if slices.Contains(strings.Fields(r.methods), m) || m == "HEAD" && strings.Contains(r.methods, "GET") {
				continue
			}
			list = append(list, raw{name: "a wrong method", ways: []way{wayMember}, bytes: text(m, r.path, ""), want: []int{http.StatusMethodNotAllowed}, code: netproto.CodeMethod})
			plain := raw{name: "a wrong method", ways: []way{wayPlain}, bytes: text(m, r.path, ""), want: []int{http.StatusMethodNotAllowed}, code: netproto.CodeMethod}
			if secure {
				plain.want, plain.code = []int{http.StatusUpgradeRequired}, netproto.CodeTLS
			}
			list = append(list, plain)
		}
	}
	return append(list,
		raw{name: "CONNECT", bytes: "CONNECT victim.example:80 HTTP/1.1\r\nHost: victim.example:80\r\nConnection: close\r\n\r\n"},
		raw{name: "OPTIONS *", bytes: "OPTIONS * HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", want: []int{200, 400, 404}},
	)
}

// wrongKeys come without a key, with one that did not join, or with another's in a header.
func wrongKeys() []raw {
	var list []raw
	for _, r := range secureRoutes[1:] {
		for _, m := range strings.Fields(r.methods) {
			list = append(list,
				raw{name: "no key", ways: []way{wayNoCert}, bytes: text(m, r.path, "{}"), want: []int{http.StatusUnauthorized}, code: netproto.CodeCertificate},
				raw{name: "a key in a header", ways: []way{wayNoCert}, want: []int{http.StatusUnauthorized}, code: netproto.CodeCertificate,
					bytes: text(m, r.path, "{}", "Client-Cert: :AAAA:", "X-Forwarded-For: 192.0.2.1", "Authorization: Bearer x", "X-Peer-Id: 0", "Cookie: id=1")},
			)
		}
	}
	resource := `{"resources":[{"hash":"` + strings.Repeat("ab", 32) + `","size":1,"name":"x"}]}`
	return append(list,
		raw{name: "an announce before the join", ways: []way{wayKey}, bytes: text("POST", netproto.RouteResources, resource), want: []int{http.StatusConflict}, code: netproto.CodeJoinFirst},
		raw{name: "what another announced", ways: []way{wayKey}, bytes: text("DELETE", netproto.RouteResources, `{"hashes":["`+strings.Repeat("ab", 32)+`"]}`), want: []int{200, 409}},
		raw{name: "a leave without a join", ways: []way{wayKey}, bytes: text("DELETE", netproto.RouteSelf, ""), want: []int{204}},
	)
}

// oddBodies are what strict JSON refuses, at each route that takes a body.
func oddBodies() []raw {
	bad := []string{
		"", " ", "[", "{", "}", "{]", "[]", "1", `"x"`, "true", "{}{}", "{} x", "\xff", "\xef\xbb\xbf{}", "{\x00}", "{\"\xed\xa0\x80\":1}", `{"a":"\ud800"}`, `{"a":"\udc00\ud800"}`,
		`{'a':1}`, `{a:1}`, `{"a":1,}`, `{"a":01}`, `{"a":+1}`, `{"a":.5}`, `{"a":NaN}`, `{"a":Infinity}`, `{"a":1e}`, `{"a":0x1}`, "{\"a\":\"\x01\"}", `{"a":"\x"}`, "/**/{}", "{}//",
		`{"a":1,"a":2}`, `{"a":1,"\u0061":2}`, `{"name":"x","Name":"y"}`, `{"NAME":"x","port":1}`, `{"Count":1}`, `{"Resources":[]}`, `{"HASHES":[]}`, `{"re\u017Fources":[]}`,
		strings.Repeat("[", 100_000), strings.Repeat(`{"a":`, 17) + "1" + strings.Repeat("}", 17), "{" + manyMembers(65) + "}", strings.Repeat("1", 100_000),
		"{\x00\x22\x00n\x00}", "+ADw-script+AD4-", "name=x&port=1", "--x\r\nContent-Disposition: form-data\r\n\r\n--x--", "<?xml version=\"1.0\"?><!DOCTYPE a [<!ENTITY b SYSTEM \"file:///etc/passwd\">]><a>&b;</a>",
	}
	var list []raw
	takers := [][2]string{{"PUT", netproto.RouteSelf}, {"POST", netproto.RouteHeartbeat}, {"POST", netproto.RouteResources}, {"DELETE", netproto.RouteResources}}
	for _, to := range takers {
		for _, b := range bad {
			list = append(list, raw{name: "odd JSON", ways: []way{wayMember}, bytes: text(to[0], to[1], b), want: []int{400, 413, 422}})
		}
		list = append(list,
			raw{name: "a body that is too long", ways: []way{wayMember}, bytes: text(to[0], to[1], `{"a":"`+strings.Repeat("x", netproto.MaxBodyBytes)+`"}`), want: []int{413}, code: netproto.CodeTooLarge},
			raw{name: "a length that is too long", ways: []way{wayMember}, bytes: to[0] + " " + to[1] + " HTTP/1.1\r\nHost: a\r\nContent-Length: 9223372036854775807\r\n\r\n{}", want: []int{413}, code: netproto.CodeTooLarge},
			raw{name: "chunks without end", ways: []way{wayMember}, bytes: to[0] + " " + to[1] + " HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + strings.Repeat("10000\r\n"+strings.Repeat(" ", 1<<16)+"\r\n", 17), want: []int{413, 0}, code: netproto.CodeTooLarge, half: true},
			raw{name: "a body that is cut short", ways: []way{wayMember}, bytes: to[0] + " " + to[1] + " HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n{", half: true, want: []int{400, 0}},
		)
	}
	values := []string{"-1", "1.5", "1e3", "1e400", "9223372036854775808", "18446744073709551616", `"1"`, "null", "true", "[]", "{}"}
	for _, v := range values {
		for _, field := range []string{"port", "seed_port", "name", "candidates", "invite"} {
			fields := map[string]string{"name": `"x"`, "port": "4000"}
			fields[field] = v
			list = append(list, raw{name: "a value of " + field, ways: []way{wayMember}, bytes: text("PUT", netproto.RouteSelf, object(fields)), want: []int{200, 400, 422}})
		}
		for _, field := range []string{"hash", "size", "name", "mime", "folder", "part", "md5"} {
			list = append(list, raw{name: "a value of " + field, ways: []way{wayMember},
				bytes: text("POST", netproto.RouteResources, fmt.Sprintf(`{"resources":[{"%s":%s}]}`, field, v)), want: []int{200, 400, 422}})
		}
		list = append(list,
			raw{name: "a value of count", ways: []way{wayMember}, bytes: text("POST", netproto.RouteHeartbeat, fmt.Sprintf(`{"count":%s,"digest":"%016d"}`, v, 0)), want: []int{200, 400, 422}},
			raw{name: "a value of digest", ways: []way{wayMember}, bytes: text("POST", netproto.RouteHeartbeat, fmt.Sprintf(`{"digest":%s}`, v)), want: []int{200, 400, 422}},
			raw{name: "hashes", ways: []way{wayMember}, bytes: text("DELETE", netproto.RouteResources, fmt.Sprintf(`{"hashes":[%s]}`, v)), want: []int{200, 400, 422}},
		)
	}
	return append(list,
		raw{name: "1,001 resources", ways: []way{wayMember}, bytes: text("POST", netproto.RouteResources, `{"resources":[`+strings.Repeat("{},", 1000)+"{}]}"), want: []int{413}, code: netproto.CodeTooLarge},
		raw{name: "1,001 hashes", ways: []way{wayMember}, bytes: text("DELETE", netproto.RouteResources, `{"hashes":[`+strings.Repeat(`"`+zeros+`",`, 1000)+`"`+zeros+`"]}`), want: []int{413}, code: netproto.CodeTooLarge},
		raw{name: "a million of them", ways: []way{wayMember}, bytes: text("POST", netproto.RouteResources, `{"resources":[`+strings.Repeat("0,", 500_000)+"0]}"), want: []int{400, 413, 422}},
	)
}

// object is a JSON object whose values are JSON.
func object(fields map[string]string) string {
	var list []string
	for name, v := range fields {
		list = append(list, fmt.Sprintf("%q:%s", name, v))
	}
	return "{" + strings.Join(list, ",") + "}"
}

func manyMembers(n int) string {
	var list []string
	for i := range n {
		list = append(list, fmt.Sprintf(`"m%d":0`, i))
	}
	return strings.Join(list, ",")
}

// oddQueries are searches with values that none has, and cursors that no tracker made.
func oddQueries() []raw {
	var list []raw
	refused := func(query string) {
		list = append(list, raw{name: "an odd query", ways: []way{wayMember}, bytes: text("GET", netproto.RouteResources+"?"+query, ""), want: []int{400, 422}})
	}
	for _, v := range []string{"-1", "0", "201", "1e2", "0x10", "9223372036854775808", "abc", "1%00", "%D9%A1", "1;2", "+", "%20"} {
		refused("limit=" + v)
	}
	for _, name := range []string{"min_size", "max_size"} {
		for _, v := range []string{"-1", "1.0", "9223372036854775808", "x", "%00"} {
			refused(name + "=" + v)
		}
	}
	for _, q := range []string{"sort=x", "sort=SOURCES", "sort=best&order=asc", "owner=x", "owner=00000000-0000-0000-0000-000000000000", "owner=%00", "since=x", "since=-1", "since=2026-02-30T00:00:00Z", "until=99999-01-01T00:00:00Z", "type=x", "type=%00", "offline=1", "offline=TRUE", "q=" + strings.Repeat("x", 513), "q=%ff", "q=%ed%a0%80", "q=%zz", "%", "q=a&cursor=" + strings.Repeat("x", 1025)} {
		refused(q)
	}
	for _, c := range []string{"x", "AAAA", "%00", strings.Repeat("A", 1024), "eyJhIjoxfQ", "-1", "..%2f..", "%F0%9F%98%80", "WzEsMiwzXQ==", strings.Repeat("_", 1000), "9223372036854775808"} {
		for _, sort := range []string{"sources", "name", "size", "newest", "best"} {
			list = append(list, raw{name: "a forged cursor", ways: []way{wayMember}, bytes: text("GET", netproto.RouteResources+"?sort="+sort+"&q=a&cursor="+c, ""), want: []int{400, 422}})
		}
		list = append(list, raw{name: "a forged cursor", ways: []way{wayMember}, bytes: text("GET", "/v1/peers/00000000-0000-8000-8000-000000000000/resources?cursor="+c, ""), want: []int{200, 400, 404, 422}})
	}
	for _, q := range []string{strings.Repeat("a%20", 17), "-", "-%22", "%22", "%22%22", "type:", "type:x", "-type:x", "%00", "%E2%80%AE", strings.Repeat("-type:video%20", 30), "%25", "*", "?", "%5C", "'%20OR%201=1"} {
		list = append(list, raw{name: "odd words", bytes: text("GET", netproto.RouteResources+"?q="+q, ""), ways: []way{wayMember}, want: []int{200, 400, 422}},
			raw{name: "odd words on the page", bytes: text("GET", "/?q="+q, ""), ways: []way{wayPlain}, want: []int{200, 400, 422}})
	}
	return list
}

// oddWishes are wishes that no tracker keeps.
func oddWishes() []raw {
	var list []raw
	for _, body := range []string{
		"", "[]", "{}{}", `{"wishes":0}`, `{"wishes":[0]}`, `{"wishes":[{"id":-1,"words":"abc"}]}`, `{"wishes":[{"id":4294967296,"words":"abc"}]}`,
		`{"wishes":[{"id":1,"words":"ab"}]}`, `{"wishes":[{"id":1,"words":"\u0000"}]}`, `{"wishes":[{"id":1,"words":"` + strings.Repeat("abc", 200) + `"}]}`,
		`{"wishes":[{"id":1,"hash":"x"}]}`, `{"wishes":[{"id":1,"words":"abc","max_size":-1}]}`, `{"wishes":[{"id":1,"words":"abc","type":"x"}]}`,
		`{"wishes":[` + strings.Repeat(`{"id":1,"words":"abc"},`, 5000) + `{"id":1,"words":"abc"}]}`,
	} {
		list = append(list, raw{name: "an odd wish", ways: []way{wayMember}, bytes: text("PUT", netproto.RouteWishes, body), want: []int{400, 413, 422}})
	}
	for _, after := range []string{"-1", "x", "9223372036854775808", "%00"} {
		list = append(list, raw{name: "odd finds", ways: []way{wayMember}, bytes: text("GET", netproto.RouteWishes+"?after="+after, ""), want: []int{400, 422}})
	}
	return append(list, raw{name: "another method for wishes", ways: []way{wayMember}, bytes: text("DELETE", netproto.RouteWishes, ""), want: []int{405}})
}

// oddPaths lead nowhere, whatever a tracker or a proxy might make of them.
func oddPaths() []raw {
	var list []raw
	for _, path := range []string{
		"/nowhere", "/v1", "/v1/", "//", "/./", "/../", "/v1/../metrics", "/%2e%2e/metrics", "/%252e%252e/metrics", "/v1%2ftracker", "/v1//tracker", "/v1/tracker/", "/V1/tracker",
		"/v1/tracker%00", "/v1/tracker;x", "/page/", "/page/../metrics", "/page/%2e%2e%2fmetrics", "/page/style.css/", "/.git/config", "/etc/passwd", "/\\metrics", "/metrics%20", "/resource/", "/Resource",
		"/heartbeat/x", "/debug/pprof/", "/v2/tracker", "/" + strings.Repeat("a/", 4000),
	} {
		list = append(list, raw{name: "an odd path", bytes: text("GET", path, ""), want: []int{400, 404, 426, 431}})
	}
	for _, hash := range []string{
		"x", strings.Repeat("a", 63), strings.Repeat("a", 65), strings.Repeat("g", 64), strings.Repeat("%61", 63) + "g", "..%2f..%2fetc%2fpasswd", "%00", strings.Repeat("ab", 31) + "%2f", strings.Repeat("ａ", 64), "%252e",
	} {
		for _, tail := range []string{"", "/peers"} {
			list = append(list, raw{name: "a hash that is none", ways: []way{wayMember}, bytes: text("GET", netproto.RouteResources+"/"+hash+tail, ""), want: []int{400, 404, 422}})
		}
	}
	for _, id := range []string{"x", "self", "00000000", "{00000000-0000-8000-8000-000000000000", "0000000000008000800000000000000g", "%00", "-1"} {
		list = append(list, raw{name: "a peer that is none", ways: []way{wayMember}, bytes: text("GET", "/v1/peers/"+id+"/resources", ""), want: []int{400, 404, 422}})
	}
	return list
}

// oddHosts are for another host, or of the page of another site.
func oddHosts() []raw {
	to := func(host, rest string) string {
		return "GET / HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n" + rest + "\r\n"
	}
	list := []raw{
		{name: "no host", bytes: "GET / HTTP/1.1\r\nConnection: close\r\n\r\n", want: []int{400}},
		{name: "two hosts", bytes: "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n", want: []int{400}},
		{name: "an absolute address", ways: []way{wayPlain}, bytes: "GET http://rebind.example/ HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n", want: []int{421}},
		{name: "an address of another scheme", ways: []way{wayPlain}, bytes: "GET ftp://127.0.0.1/ HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n", want: []int{200, 400, 404}},
	}
	for _, host := range []string{"rebind.example", "rebind.example:5000", "127.0.0.1.rebind.example", "localhost.rebind.example", "rebind.example.", "xn--e1afmkfd.example", "1.2.3.4.5"} {
		list = append(list, raw{name: "a host of somebody else", ways: []way{wayPlain}, bytes: to(host, ""), want: []int{421}, code: netproto.CodeDenied})
	}
	for _, host := range []string{"a b", "a/b", "a\tb", "\"a\"", "<a>", "a\x00b", "a\x7f", "[::1", "a,b"} {
		list = append(list, raw{name: "a host that is none", ways: []way{wayPlain}, bytes: to(host, ""), want: []int{200, 400, 421}})
	}
	for _, h := range []string{"Origin: https://evil.example", "Origin: null", "Sec-Fetch-Site: cross-site", "Sec-Fetch-Site: same-site"} {
		for _, path := range []string{netproto.RouteSeedResource, netproto.RouteSeedHeartbeat, netproto.RouteHealth} {
			list = append(list, raw{name: "a page of another site", bytes: text("POST", path, `{}`, h), ways: []way{wayPlain}, want: []int{403}})
		}
	}
	return list
}

// oddFraming is what two programs in a row could read as different requests.
func oddFraming() []raw {
	var list []raw
	for _, path := range []string{netproto.RouteSeedHeartbeat, netproto.RouteHeartbeat} {
		post := "POST " + path + " HTTP/1.1\r\nHost: 127.0.0.1\r\n"
		hidden := "GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
		for _, b := range []string{
			post + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + hidden,
			post + "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
			post + "Content-Length: 1\r\nContent-Length: 2\r\n\r\nab", post + "Content-Length: 1, 2\r\n\r\nab", post + "Content-Length: +2\r\n\r\n{}", post + "Content-Length: 0x2\r\n\r\n{}",
			post + "Content-Length: 2 \t3\r\n\r\n{}", post + "Content-Length: -1\r\n\r\n", post + "Content-Length: 99999999999999999999\r\n\r\n{}", post + "Content-Length: ٢\r\n\r\n{}", post + "Content-Length:\r\n\r\n",
			post + "Content-Length : 2\r\n\r\n{}", post + "Content-Length: 0\r\nContent-Length: 40\r\n\r\n" + hidden,
			post + "Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n", post + "Transfer-Encoding: chunked\r\n\r\n-2\r\n{}\r\n0\r\n\r\n", post + "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n{}",
			post + "Transfer-Encoding: chunked\r\n\r\n2\r\n{}0\r\n\r\n", post + "Transfer-Encoding: chunked\r\n\r\n2;" + strings.Repeat("x", 10_000) + "\r\n{}\r\n0\r\n\r\n",
			post + "Transfer-Encoding: chunked\r\n\r\n2\n{}\n0\n\n", post + "Transfer-Encoding: chunked\r\n\r\n0x2\r\n{}\r\n0\r\n\r\n", post + "Transfer-Encoding: chunked\r\n\r\n 2\r\n{}\r\n0\r\n\r\n",
			post + "Transfer-Encoding: chunked\r\n\r\n0\r\nContent-Length: 5\r\n" + strings.Repeat("X: y\r\n", 5000) + "\r\n",
			post + "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", post + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
			post + "Transfer-Encoding: identity\r\n\r\n{}", post + "Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n", post + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", post + "Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
			post + "Transfer_Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", post + "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
			post + "X : y\r\n\r\n", post + " folded: y\r\n\r\n", post + "X: y\r\n folded\r\n\r\n", post + "X: a\x00b\r\n\r\n", post + ": y\r\n\r\n", post + "X\r\n\r\n", post + "X: y\rZ: z\r\n\r\n", post + "X\x7f: y\r\n\r\n", post + "Ü: y\r\n\r\n",
			post + "X: " + strings.Repeat("y", 32<<10) + "\r\n\r\n", post + strings.Repeat("X: y\r\n", 10_000) + "\r\n", post + strings.Repeat("X", 40<<10) + ": y\r\n\r\n", post + "Cookie: " + strings.Repeat("a=b; ", 8000) + "\r\n\r\n",
			strings.ReplaceAll(post, "\r\n", "\n") + "Content-Length: 2\n\n[]", strings.ReplaceAll(post, "\r\n", "\r") + "\r\r",
			"POST " + path + "\r\n\r\n", "POST  " + path + " HTTP/1.1\r\nHost: a\r\n\r\n", "POST " + path + " HTTP/9.9\r\nHost: a\r\n\r\n", "POST " + path + " HTTP/1.1 \r\nHost: a\r\n\r\n", "POST " + path + " HTTP/1\r\nHost: a\r\n\r\n",
			"POST " + path + " http/1.1\r\nHost: a\r\n\r\n", "POST " + path + "%zz HTTP/1.1\r\nHost: a\r\n\r\n", "POST " + path + "\x00 HTTP/1.1\r\nHost: a\r\n\r\n", "POST http://[::1" + path + " HTTP/1.1\r\nHost: a\r\n\r\n",
			"P(ST " + path + " HTTP/1.1\r\nHost: a\r\n\r\n", "\r\n\r\n\r\nPOST " + path + " HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n{", "\tPOST " + path + " HTTP/1.1\r\nHost: a\r\n\r\n", "POST\t" + path + "\tHTTP/1.1\r\nHost: a\r\n\r\n",
			post + "Expect: 200-maybe\r\nContent-Length: 2\r\n\r\n{}", post + "Expect: 100-continue\r\nContent-Length: 9999999\r\n\r\n", post + "Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n\x1f\x8b", post + "Trailer: Content-Length\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nContent-Length: 9\r\n\r\n",
			post + "Connection: close, Content-Length\r\nContent-Length: 2\r\n\r\n[]", post + "Range: bytes=0-,0-,0-\r\nContent-Length: 2\r\n\r\n[]",
		} {
			list = append(list, raw{name: "framing", bytes: b, half: true})
		}
	}
	for _, b := range []string{
		"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + strings.Repeat("\x00\xff\xff\x01\x05\x00\x00\x00\x01", 1000), "GET * HTTP/1.1\r\nHost: a\r\n\r\n",
		"GET " + strings.Repeat("/a", 20_000) + " HTTP/1.1\r\nHost: a\r\n\r\n", "\x00", "\xff\xff\xff\xff", "\x80\x2e\x01\x00\x02", "SSH-2.0-x\r\n", "{}\n", strings.Repeat("A", 64<<10), "\x05\x01\x00", "HELO a\r\n", "*1\r\n$4\r\nPING\r\n",
		"\x13BitTorrent protocol", "d1:ad2:id20:aaaaaaaaaaaaaaaaaaaae1:q4:pinge", "PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", "\r\n\r\n\x00\r\nQUIT\n!\x11\x00\x0c", "GET /\r\n", "GET / HTTP/0.9\r\n\r\n", "0",
	} {
		list = append(list, raw{name: "no request", bytes: b, half: true})
	}
	return list
}

// upgrades ask for other protocols, which a tracker does not speak there.
func upgrades() []raw {
	var list []raw
	for _, r := range slices.Concat(secureRoutes[:1], openRoutes) {
		for _, u := range []string{"websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13", "h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__", "TLS/1.0", "cp2p/1", strings.Repeat("x, ", 500)} {
			b := "GET " + r.path + " HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close, Upgrade\r\nUpgrade: " + u + "\r\n\r\n"
			list = append(list, raw{name: "an upgrade", bytes: b, want: []int{200, 426, 503}}) // 503: few read the metrics at once
		}
	}
	for _, path := range []string{"/v1/line", "/ws", "/v1/relay/" + zeros} {
		list = append(list, raw{name: "an upgrade to nowhere", ways: []way{wayNoCert}, want: []int{400, 401, 404},
			bytes: "GET " + path + " HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close, Upgrade\r\nUpgrade: websocket\r\n\r\n"})
	}
	return list
}

// seedRequests are requests to the seed's routes.
func seedRequests() []raw {
	row := func(field, value string) string {
		fields := map[string]string{"peer_id": `"6ba7b810-9dad-11d1-80b4-00c04fd430c8"`, "peer_ip": `"127.0.0.1"`, "peer_port": "3000", "resource_path": `"p"`, "resource_name": `"n"`, "resource_hash": `"h"`}
		fields[field] = value
		return object(fields)
	}
	var list []raw
	for _, m := range methods {
		if m != "GET" && m != "POST" && m != "HEAD" {
			list = append(list, raw{name: "a method of the seed's", bytes: text(m, netproto.RouteSeedResource, "{}"), want: []int{405}}, raw{name: "a method of the seed's", bytes: text(m, netproto.RouteSeedHeartbeat, "{}"), want: []int{405}})
		}
	}
	for field, values := range map[string][]string{
		"peer_id":       {`"x"`, `""`, "null", "1", "[]", `"6ba7b810-9dad-81d1-80b4-00c04fd430c8"`, `"{6ba7b810-9dad-11d1-80b4-00c04fd430c8}x"`},
		"peer_ip":       {`"300.1.1.1"`, `"::1"`, `"8.8.8.8"`, `"127.0.0.1\u0000"`, `"localhost"`, `"0x7f.1"`, "null", "2130706433", `"127.1"`, `"010.0.0.1"`},
		"peer_port":     {"0", "-1", "65536", "1e3", `"x"`, "null", "1.5", "9223372036854775808", "[]"},
		"resource_path": {`"` + strings.Repeat("x", 1025) + `"`, `"\u0001"`, `"\u202e"`, "null", "1", `"\ud800"`},
		"resource_name": {`""`, `"` + strings.Repeat("x", 256) + `"`, "null", "{}"},
		"resource_hash": {`""`, `"` + strings.Repeat("x", 129) + `"`, "null"},
		"x":             {`1`, `{"a":{}}`, strings.Repeat("[", 5000) + strings.Repeat("]", 5000)},
	} {
		for _, v := range values {
			list = append(list, raw{name: "a row with " + field, ways: []way{wayPlain}, bytes: text("POST", netproto.RouteSeedResource, row(field, v)), want: []int{400, 403, 422}})
		}
	}
	for _, b := range []string{"", "{", "[]", "1", "null", "\xff", strings.Repeat("[", 100_000), `{"resource_name":1}`, `{"resource_name":null}`, `{"x":1}`, `{"resource_name":"a","resource_name":"b"}`, `{"resource_name":"` + strings.Repeat("x", 300) + `"}`} {
		list = append(list,
			raw{name: "an odd question of the seed's", ways: []way{wayPlain}, bytes: text("GET", netproto.RouteSeedResource, b), want: []int{200, 400, 422}},
			raw{name: "an odd heartbeat of the seed's", ways: []way{wayPlain}, bytes: text("POST", netproto.RouteSeedHeartbeat, b), want: []int{400, 422}},
		)
	}
	for _, h := range []string{"X-Forwarded-For: 8.8.8.8", "Forwarded: for=8.8.8.8", "X-Real-IP: 8.8.8.8"} {
		list = append(list, raw{name: "a seed client behind a proxy that nobody named", ways: []way{wayPlain}, bytes: text("POST", netproto.RouteSeedResource, row("peer_port", "3000"), h), want: []int{403}})
	}
	return append(list, raw{name: "a body of the seed's that is too long", ways: []way{wayPlain}, bytes: text("POST", netproto.RouteSeedResource, strings.Repeat(" ", netproto.MaxBodyBytes+1)), want: []int{413}})
}
