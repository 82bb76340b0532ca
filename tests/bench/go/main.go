// The functions that are measured, on the official Go package: see ../plugins/measured.py.
package main

import (
	"os"

	"github.com/lf-edge/ekuiper/sdk/go/api"
	sdk "github.com/lf-edge/ekuiper/sdk/go/runtime"
)

type constant struct{}

func (f *constant) Validate(args []any) error { return nil }
func (f *constant) IsAggregate() bool         { return false }
func (f *constant) Exec(args []any, ctx api.FunctionContext) (any, bool) {
	return args[0], true
}

func main() {
	mark := os.Getenv("BENCH_MARK")
	sdk.Start(os.Args, &sdk.PluginConfig{
		Name: "bench" + mark,
		Functions: map[string]sdk.NewFunctionFunc{
			"echo" + mark: func() api.Function { return &constant{} },
		},
	})
}
