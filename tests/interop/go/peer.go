package main

import (
	"bufio"
	"encoding/json"
	"sync"

	"go.nanomsg.org/mangos/v3"
)

// order is one line of input. Whoever sends it numbers orders and channels; bytes are in base64.
type order struct {
	ID      int      `json:"id"`
	Do      string   `json:"do"`
	Channel int      `json:"channel"`
	Kind    string   `json:"kind"`    // open: rep, pull or push
	URL     string   `json:"url"`     // open
	Longest int      `json:"longest"` // open
	Data    []byte   `json:"data"`    // send
	Peers   int      `json:"peers"`   // peers: how many to wait for
	Seconds *float64 `json:"seconds"` // recv, send and peers: how long to wait; none: for ever
}

// answer is the line that an order leads to, sooner or later: orders do not wait for each other.
type answer struct {
	ID    int    `json:"id"`
	Error string `json:"error,omitempty"` // in the words of mangos
	Data  []byte `json:"data,omitempty"`
	PID   int    `json:"pid,omitempty"` // who sent the data
	UID   int    `json:"uid,omitempty"`
}

type peer struct {
	mutex    sync.Mutex
	channels map[int]*channel
}

// servePeer does what the input says until that ends.
func servePeer(in *bufio.Reader, out *lines) error {
	p := &peer{channels: map[int]*channel{}}
	for {
		line, err := in.ReadBytes('\n')
		if err != nil {
			return err
		}
		var o order
		if err := json.Unmarshal(line, &o); err != nil {
			return err
		}
		go func() { out.write(p.do(o)) }()
	}
}

func (p *peer) do(o order) answer {
	a := answer{ID: o.ID}
	if err := p.try(o, &a); err != nil {
		a.Error = err.Error()
	}
	return a
}

func (p *peer) try(o order, a *answer) error {
	if o.Do == "open" {
		c, err := openChannel(o.Kind, o.URL, o.Longest)
		if err == nil {
			p.keep(o.Channel, c)
		}
		return err
	}
	c := p.channel(o.Channel)
	if c == nil {
		return mangos.ErrClosed
	}
	switch o.Do {
	case "send":
		return c.send(o.Data, patience(o.Seconds))
	case "recv":
		return receive(c, o, a)
	case "peers":
		return c.await(o.Peers, patience(o.Seconds))
	case "close":
		p.keep(o.Channel, nil)
		return c.Close()
	}
	return mangos.ErrProtoOp
}

func receive(c *channel, o order, a *answer) error {
	message, err := c.recv(patience(o.Seconds))
	if err != nil {
		return err
	}
	a.Data = append([]byte{}, message.Body...)
	if message.Pipe != nil {
		a.PID, _ = option(message.Pipe, mangos.OptionPeerPID)
		a.UID, _ = option(message.Pipe, mangos.OptionPeerUID)
	}
	message.Free()
	return nil
}

func option(pipe mangos.Pipe, name string) (int, bool) {
	value, err := pipe.GetOption(name)
	if err != nil {
		return 0, false
	}
	number, ok := value.(int)
	return number, ok
}

func (p *peer) channel(number int) *channel {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	return p.channels[number]
}

func (p *peer) keep(number int, c *channel) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if c == nil {
		delete(p.channels, number)
	} else {
		p.channels[number] = c
	}
}
