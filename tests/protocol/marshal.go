// Reads one JSON value a line and writes each as encoding/json does.
package main

import (
	"encoding/json"
	"os"
)

func main() {
	in, out := json.NewDecoder(os.Stdin), json.NewEncoder(os.Stdout)
	for in.More() {
		var value any
		if err := in.Decode(&value); err != nil {
			panic(err)
		}
		if err := out.Encode(value); err != nil {
			panic(err)
		}
	}
}
