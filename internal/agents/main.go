// Command agents is a worked example of the storage of package tframex: a small HTTP
// service in which users talk with an agent. It needs nothing but net/http and the
// storage, and runs on the embedded store or, with -redis, on a server.
//
// Begin with service.go, which lists what there is; each of the other files has one part
// of it. docs/storage-example.md walks through them by curl.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "agents:", err)
		stop()
		os.Exit(1)
	}
}

// run serves until ctx ends, and then until all that is under way is done.
func run(ctx context.Context, args []string, out io.Writer) error {
	c := defaults()
	flags := flag.NewFlagSet("agents", flag.ContinueOnError)
	flags.SetOutput(out)
	addr := flags.String("addr", "localhost:8080", "`address` to listen on")
	flags.StringVar(&c.redis, "redis", "", "`URL` of a Redis server; default: the embedded store, which is empty at first and gone at the end")
	flags.BoolVar(&c.secure, "secure", false, "send the cookie by HTTPS only: set it behind a proxy that speaks TLS")
	if err := flags.Parse(args); err == flag.ErrHelp {
		return nil
	} else if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", *addr)
	if err != nil {
		return err
	}
	defer listener.Close()
	s, err := newService(ctx, c)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "http://%s: sign in as ann, who may write, bob, who may read, or root, who may do all\n", listener.Addr())
	return s.serve(ctx, listener)
}
