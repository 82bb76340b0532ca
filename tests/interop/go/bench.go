package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"sort"
	"strings"
	"time"

	"go.nanomsg.org/mangos/v3"
)

const benchPatience = 20 * time.Second // for a plugin to connect, answer or take something

// job is what a line of input asks for, beside its name.
type job struct {
	Kind    string  `json:"kind"` // listen: function, source or ack
	Path    string  `json:"path"`
	Rules   int     `json:"rules"` // call: in how many rules, in turn
	Size    int     `json:"size"`  // call, feed: bytes of text; 0 for a small row
	PID     int     `json:"pid"`   // the plugin, for the time that it computes
	Warm    float64 `json:"warm"`
	Seconds float64 `json:"seconds"`
}

type bench struct {
	channels map[string]*channel // by their paths
}

// serveBench reads lines like ["call", {"path": ...}] and answers each with its figures, or with
// {"error": "..."}; one after the other.
func serveBench(in *bufio.Reader, out *lines) error {
	b := &bench{channels: map[string]*channel{}}
	for {
		line, err := in.ReadBytes('\n')
		if err != nil {
			return err
		}
		var name string
		var j job
		if err := json.Unmarshal(line, &[]any{&name, &j}); err != nil {
			return err
		}
		figures, err := b.do(name, j)
		if err != nil {
			out.write(map[string]string{"error": fmt.Sprintf("%s: %v", name, err)})
		} else {
			out.write(figures)
		}
	}
}

func (b *bench) do(name string, j job) (map[string]float64, error) {
	switch name {
	case "listen":
		kinds := map[string]string{"function": "rep", "source": "pull", "ack": "pull"}
		return b.open(kinds[j.Kind], j.Path)
	case "dial":
		return b.open("push", j.Path)
	}
	c := b.channels[j.Path]
	if c == nil {
		return nil, errors.New("nothing is open at " + j.Path)
	}
	switch name {
	case "forget":
		delete(b.channels, j.Path)
		return map[string]float64{}, c.Close()
	case "call":
		return call(c, questions(j.Rules, j.Size), j)
	case "drain":
		return drain(c, j)
	case "feed":
		return feed(c, message(j.Size), j)
	}
	return nil, errors.New("not measured on mangos")
}

func (b *bench) open(kind, path string) (map[string]float64, error) {
	c, err := openChannel(kind, "ipc://"+path, 0)
	if err != nil {
		return nil, err
	}
	for _, name := range []string{mangos.OptionRecvDeadline, mangos.OptionSendDeadline} {
		// Once, as eKuiper does; a socket that never receives has no deadline for that.
		if err := c.SetOption(name, benchPatience); err != nil && err != mangos.ErrBadOption {
			return nil, err
		}
	}
	b.channels[path] = c
	return map[string]float64{}, nil
}

// call asks one question after the other, one at a time, as a function is called by its rules.
func call(c *channel, questions [][]byte, j job) (map[string]float64, error) {
	var times []time.Duration
	var answer []byte
	turn := 0
	figures, err := window(j, func() (err error) {
		turn++
		begin := time.Now()
		answer, err = ask(c, questions[turn%len(questions)])
		times = append(times, time.Since(begin))
		return err
	})
	if err != nil {
		return nil, err
	}
	if !strings.HasPrefix(string(answer), `{"state":true`) && !strings.HasPrefix(string(answer), `{"state": true`) {
		return nil, fmt.Errorf("the function failed: %.200s", answer)
	}
	inside := times[len(times)-int(figures["rows"]):]
	sort.Slice(inside, func(i, k int) bool { return inside[i] < inside[k] })
	figures["p50"], figures["p99"] = micros(inside, 0.5), micros(inside, 0.99)
	return figures, nil
}

// ask sends a question and gives the answer; what begins with h is a handshake, after which the
// question is sent again. With nothing to reply to, a handshake has to come first.
func ask(c *channel, question []byte) ([]byte, error) {
	for {
		err := c.Send(question)
		if err == mangos.ErrProtoState {
			if _, err = c.Recv(); err == nil {
				err = c.Send(question)
			}
		}
		if err != nil {
			return nil, err
		}
		answer, err := c.Recv()
		if err != nil || len(answer) == 0 || answer[0] != 'h' {
			return answer, err
		}
	}
}

// drain takes what a source sends.
func drain(c *channel, j job) (map[string]float64, error) {
	return window(j, func() error {
		_, err := c.Recv()
		return err
	})
}

// feed sends as many messages as a sink takes.
func feed(c *channel, data []byte, j job) (map[string]float64, error) {
	return window(j, func() error { return c.Send(data) })
}

// window repeats a step to warm up, then takes figures for a while.
func window(j job, step func() error) (map[string]float64, error) {
	run := func(seconds float64) (int, error) {
		end := time.Now().Add(time.Duration(seconds * float64(time.Second)))
		for count := 0; ; count++ {
			if !time.Now().Before(end) {
				return count, nil
			}
			if err := step(); err != nil {
				return count, err
			}
		}
	}
	if _, err := run(j.Warm); err != nil {
		return nil, err
	}
	plugin, host, begin := cpuOfTree(j.PID), ownCPU(), time.Now()
	rows, err := run(j.Seconds)
	if err == nil && rows == 0 {
		err = errors.New("nothing came in time")
	}
	return map[string]float64{
		"rows":       float64(rows),
		"seconds":    time.Since(begin).Seconds(),
		"host_cpu":   ownCPU() - host,
		"plugin_cpu": cpuOfTree(j.PID) - plugin,
	}, err
}

func micros(sorted []time.Duration, share float64) float64 {
	return float64(sorted[int(share*float64(len(sorted)-1))].Nanoseconds()) / 1000
}

// questions are calls of a function, one for each rule, with a number or a text.
func questions(rules, size int) [][]byte {
	argument := "1"
	if size > 0 {
		argument = `"` + strings.Repeat("x", size) + `"`
	}
	all := make([][]byte, rules)
	for number := range all {
		place := fmt.Sprintf(`{"ruleId":"rule%d","opId":"2_project","instanceId":0,"funcId":0}`, number)
		text, _ := json.Marshal(place)
		all[number] = []byte(fmt.Sprintf(`{"func":"Exec","arg":[%s,%s]}`, argument, text))
	}
	return all
}

// message is one row for a sink, encoded.
func message(size int) []byte {
	if size == 0 {
		size = 5
	}
	return []byte(fmt.Sprintf(`[{"n":1,"name":"%s","value":2.5}]`, strings.Repeat("x", size)))
}
