package main

import (
	"sync"
	"time"

	"go.nanomsg.org/mangos/v3"
	"go.nanomsg.org/mangos/v3/protocol/pull"
	"go.nanomsg.org/mangos/v3/protocol/push"
	"go.nanomsg.org/mangos/v3/protocol/rep"
	_ "go.nanomsg.org/mangos/v3/transport/ipc"
)

const (
	forEver  = 1000 * time.Hour // mangos has no such deadline for REP
	shortest = time.Millisecond // what only looks gets this long

	longestRedial = 5 * time.Second
)

// channel is a socket, with a count of who is at the other end.
type channel struct {
	mangos.Socket
	changed *sync.Cond
	peers   int
}

// openChannel listens as REP or PULL, or dials once as PUSH, which goes on to dial when the
// connection is lost. A message of more than longest bytes cuts its connection; 0 allows all.
func openChannel(kind, url string, longest int) (*channel, error) {
	makers := map[string]func() (mangos.Socket, error){
		"rep": rep.NewSocket, "pull": pull.NewSocket, "push": push.NewSocket,
	}
	maker := makers[kind]
	if maker == nil {
		return nil, mangos.ErrBadProto
	}
	socket, err := maker()
	if err != nil {
		return nil, err
	}
	c := &channel{Socket: socket, changed: sync.NewCond(&sync.Mutex{})}
	socket.SetPipeEventHook(c.count)
	if err := c.connect(kind, url, longest); err != nil {
		socket.Close()
		return nil, err
	}
	return c, nil
}

func (c *channel) connect(kind, url string, longest int) error {
	if err := c.SetOption(mangos.OptionMaxRecvSize, longest); err != nil {
		return err
	}
	if kind != "push" {
		return c.Listen(url)
	}
	return c.DialOptions(url, map[string]any{
		mangos.OptionDialAsynch:       false,
		mangos.OptionMaxReconnectTime: longestRedial,
	})
}

func (c *channel) count(event mangos.PipeEvent, _ mangos.Pipe) {
	c.changed.L.Lock()
	defer c.changed.L.Unlock()
	switch event {
	case mangos.PipeEventAttached:
		c.peers++
	case mangos.PipeEventDetached:
		c.peers--
	}
	c.changed.Broadcast()
}

// await returns when there are so many peers.
func (c *channel) await(peers int, patience time.Duration) error {
	end := time.Now().Add(patience)
	timer := time.AfterFunc(patience, c.changed.Broadcast)
	defer timer.Stop()
	c.changed.L.Lock()
	defer c.changed.L.Unlock()
	for c.peers != peers {
		if !time.Now().Before(end) {
			return mangos.ErrRecvTimeout
		}
		c.changed.Wait()
	}
	return nil
}

// recv gives the next message. Deadlines are the socket's: whoever receives from a PULL beside
// others should have the same.
func (c *channel) recv(patience time.Duration) (*mangos.Message, error) {
	if err := c.SetOption(mangos.OptionRecvDeadline, patience); err != nil {
		return nil, err
	}
	return c.RecvMsg()
}

func (c *channel) send(data []byte, patience time.Duration) error {
	if err := c.SetOption(mangos.OptionSendDeadline, patience); err != nil {
		return err
	}
	return c.Send(data)
}

// patience is what a number of seconds says; none says for ever.
func patience(seconds *float64) time.Duration {
	if seconds == nil {
		return forEver
	}
	return max(shortest, time.Duration(*seconds*float64(time.Second)))
}
