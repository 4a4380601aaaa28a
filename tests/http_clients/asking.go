// Go's own client before the gateway.
//
// Tries everything in turn and prints a JSON object a line: {trial, told}. Settings come from the
// environment: BASE, KEY, and AUTHORITY, a PEM file.
package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"sort"
	"strings"
	"sync"
	"time"
)

const mib = 1 << 20

var client *http.Client

func tell(trial string, told any) {
	line, _ := json.Marshal(map[string]any{"trial": trial, "told": told})
	fmt.Println(string(line))
}

func chat(content string, isStream bool) string {
	return fmt.Sprintf(
		`{"model": "m", "stream": %t, "messages": [{"role": "user", "content": "%s"}]}`,
		isStream, content)
}

func request(method, path, key string, body io.Reader) *http.Request {
	made, err := http.NewRequest(method, os.Getenv("BASE")+path, body)
	if err != nil {
		panic(err)
	}
	made.Header.Set("Authorization", "Bearer "+key)
	made.Header.Set("Content-Type", "application/json")
	return made
}

func post(key string, body io.Reader) *http.Request {
	return request("POST", "/v1/chat/completions", key, body)
}

func right(body io.Reader) *http.Request { return post(os.Getenv("KEY"), body) }

// The status and the text of an answer, or the error.
func ask(asked *http.Request) (any, string) {
	answer, err := client.Do(asked)
	if err != nil {
		return err.Error(), ""
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return err.Error(), string(text)
	}
	return answer.StatusCode, string(text)
}

func status(asked *http.Request) any {
	told, _ := ask(asked)
	return told
}

// Hides how long a text is, and counts what was read of it.
type piece struct {
	from  io.Reader
	count int
}

func (it *piece) Read(into []byte) (int, error) {
	count, err := it.from.Read(into)
	it.count += count
	return count, err
}

func streamed() any {
	answer, err := client.Do(right(strings.NewReader(chat("hello", true))))
	if err != nil {
		return err.Error()
	}
	defer answer.Body.Close()
	last := ""
	lines := bufio.NewScanner(answer.Body)
	for lines.Scan() {
		if strings.Contains(lines.Text(), "first ") {
			tell("streaming", true)
		}
		if lines.Text() != "" {
			last = lines.Text()
		}
	}
	return last == "data: [DONE]"
}

func several(count int, isAtOnce bool) any {
	found := map[int]bool{}
	var lock sync.Mutex
	var all sync.WaitGroup
	one := func(isStream bool) {
		told, _ := ask(right(strings.NewReader(chat("at once", isStream))))
		lock.Lock()
		defer lock.Unlock()
		number, isStatus := told.(int)
		if !isStatus {
			fmt.Fprintln(os.Stderr, told)
		}
		found[number] = true
	}
	for at := 0; at < count; at++ {
		if !isAtOnce {
			one(at%2 == 0)
			continue
		}
		all.Add(1)
		go func(isStream bool) {
			defer all.Done()
			one(isStream)
		}(at%2 == 0)
	}
	all.Wait()
	statuses := []int{}
	for one := range found {
		statuses = append(statuses, one)
	}
	sort.Ints(statuses)
	return statuses
}

func expecting(key, body string) any {
	counted := &piece{from: strings.NewReader(body)}
	asked := post(key, counted)
	asked.ContentLength = int64(len(body))
	asked.Header.Set("Expect", "100-continue")
	told := status(asked)
	if counted.count == 0 {
		return []any{told}
	}
	return []any{100, told}
}

func leave() any {
	within, cancel := context.WithCancel(context.Background())
	answer, err := client.Do(right(strings.NewReader(chat("leave", true))).WithContext(within))
	if err != nil {
		return err.Error()
	}
	answer.Body.Read(make([]byte, 1))
	cancel()
	answer.Body.Close()
	return answer.StatusCode
}

func main() {
	authority, err := os.ReadFile(os.Getenv("AUTHORITY"))
	if err != nil {
		panic(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(authority)
	client = &http.Client{Transport: &http.Transport{
		TLSClientConfig:       &tls.Config{RootCAs: roots},
		ForceAttemptHTTP2:     true,
		ExpectContinueTimeout: 20 * time.Second,
	}}
	long := strings.Repeat("x", 11*mib)
	key := os.Getenv("KEY")
	tell("list", status(request("GET", "/v1/models", key, nil)))
	tell("head", status(request("HEAD", "/v1/models", key, nil)))
	_, text := ask(right(strings.NewReader(chat("at once", false))))
	if strings.Contains(text, "first last") {
		text = "first last"
	}
	tell("whole", text)
	tell("stream", streamed())
	tell("kept", several(30, false))
	tell("chunked", status(right(&piece{from: strings.NewReader(chat("at once "+long[:100000], false))})))
	tell("expect", expecting(key, chat("at once", false)))
	tell("expect, refused", expecting("no", long[:5*mib]))
	tell("large", status(right(strings.NewReader(chat("at once "+long[:8*mib], false)))))
	tell("too large", status(right(strings.NewReader(long))))
	tell("too large, chunked", status(right(&piece{from: strings.NewReader(long)})))
	tell("wrong key, large", status(post("no", strings.NewReader(long[:5*mib]))))
	tell("parallel", several(50, true))
	tell("left", leave())
	tell("after", status(right(strings.NewReader(chat("at once", false)))))
}
