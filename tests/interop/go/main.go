// Command mangos is the host's end of a plugin's channels on mangos sockets, which eKuiper uses.
//
// Lines of JSON on standard input say what to do, and each is answered by one on standard output.
// It ends when its standard input does, so also when whoever started it is killed.
//
//	mangos peer   does what tests say: open, send, recv, peers and close
//	mangos bench  calls, drains and feeds plugins as fast as it can
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/signal"
	"sync"
)

func main() {
	signal.Ignore(os.Interrupt) // Ctrl-C is for whoever started it, who ends this
	modes := map[string]func(*bufio.Reader, *lines) error{"peer": servePeer, "bench": serveBench}
	if len(os.Args) != 2 || modes[os.Args[1]] == nil {
		fmt.Fprintln(os.Stderr, "usage: mangos peer|bench")
		os.Exit(2)
	}
	in := bufio.NewReaderSize(os.Stdin, 1<<16)
	out := &lines{out: bufio.NewWriterSize(os.Stdout, 1<<16)}
	if err := modes[os.Args[1]](in, out); err != io.EOF {
		fmt.Fprintln(os.Stderr, "mangos:", err)
		os.Exit(1)
	}
}

// lines writes values as lines of JSON; any goroutine may.
type lines struct {
	mutex sync.Mutex
	out   *bufio.Writer
}

func (l *lines) write(value any) {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err) // what is written here are structs of texts, numbers and bytes
	}
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.out.Write(append(text, '\n'))
	if l.out.Flush() != nil {
		os.Exit(0) // nobody listens any more
	}
}
