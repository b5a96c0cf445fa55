// Command bench measures a Concordat server beside the ceilings of the machine
// it runs on, in the same run and taking turns, and prints ratios.
//
//	go run . [-rounds N] [-seconds S] [-only reads,known,writes,start,schemas,jsonata,rules,serde] [-large N]
//	go run . -only serde [-row TEXT [-cpuprofile FILE | -memprofile FILE]]
//
// Costs are CPU time per request of the server process, user and system
// together, because the rate of a shared machine says little. Only durable
// writes and starts are timed by the clock. The schema languages are measured
// within this process, beside libraries for the same languages, and so is
// JSONata, also beside its reference in a process of Node where that is installed. The
// rules of contracts are measured beside the bare engines of their expressions,
// and the client's serdes beside bare codecs and those of confluent-kafka-go, which
// need cgo and are left out without it. Serdes have a table of their own: -row chooses rows
// by a part of their names, or one by the whole of its name, which can then be profiled.
package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// bench holds what all measurements share.
type bench struct {
	dir     string // for data files and binaries
	binary  string // the server
	rounds  int
	seconds time.Duration
	large   int // schemas of the large registry
	rows    []row

	// Of the part serde alone.
	rowText    string // what the names of its rows have in them
	cpuProfile string // file of a profile
	memProfile string
	table      []string // its lines
}

// row is a line of the result.
type row struct{ call, ours, ceiling, ratio, goal string }

func main() {
	if len(os.Args) > 1 && os.Args[1] == "ceiling" {
		serveCeiling(os.Args[2:])
		return
	}
	b := &bench{}
	seconds := flag.Float64("seconds", 3, "length of one round of load")
	only := flag.String("only", "reads,known,writes,start,schemas,jsonata,rules,serde", "which measurements to take")
	flag.IntVar(&b.rounds, "rounds", 5, "rounds; the median counts")
	flag.IntVar(&b.large, "large", 1_000_000, "schemas in the large registry of the start measurement")
	dir := flag.String("dir", "", "where data files go, on the disk to measure (default: a temporary folder)")
	flag.StringVar(&b.rowText, "row", "", "of serde, only the row of this name, or those whose names have this in them")
	flag.StringVar(&b.cpuProfile, "cpuprofile", "", "where a CPU profile of one row of serde goes")
	flag.StringVar(&b.memProfile, "memprofile", "", "where a profile of all allocations of one row of serde goes")
	flag.Parse()
	b.seconds = time.Duration(*seconds * float64(time.Second))
	tmp, err := os.MkdirTemp(*dir, "concordat-bench")
	check(err)
	defer os.RemoveAll(tmp)
	b.dir, b.binary = tmp, filepath.Join(tmp, "concordat")
	build := exec.Command("go", "build", "-o", b.binary, "./cmd/concordat")
	build.Dir = ".."
	build.Stderr = os.Stderr
	check(build.Run())

	for _, name := range strings.Split(*only, ",") {
		switch name {
		case "reads":
			b.reads()
		case "known":
			b.known()
		case "writes":
			b.writes()
		case "start":
			b.start()
		case "schemas":
			b.schemas()
		case "jsonata":
			b.jsonata()
		case "rules":
			b.rules()
		case "serde":
			b.serde()
		default:
			check(fmt.Errorf("no measurement is called %q", name))
		}
	}
	if len(b.rows) > 0 {
		fmt.Println("| call | here | ceiling | ratio | goal |")
		fmt.Println("|---|---|---|---|---|")
	}
	for _, r := range b.rows {
		fmt.Printf("| %s | %s | %s | %s | %s |\n", r.call, r.ours, r.ceiling, r.ratio, r.goal)
	}
	for _, l := range b.table {
		fmt.Println(l)
	}
}

func (b *bench) add(call, ours, ceiling, ratio, goal string) {
	b.rows = append(b.rows, row{call, ours, ceiling, ratio, goal})
	fmt.Fprintf(os.Stderr, "%-60s %12s %12s %8s  goal %s\n", call, ours, ceiling, ratio, goal)
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		for _, p := range started {
			p.cmd.Process.Kill()
		}
		os.Exit(1)
	}
}

func median[T int64 | float64](list []T) T {
	list = slices.Clone(list)
	slices.Sort(list)
	return list[len(list)/2]
}

// cost is a median of CPU time per request.
func (b *bench) cost(servers []*process, load func(*process) int) []float64 {
	costs := make([][]float64, len(servers))
	for range b.rounds {
		for i, p := range servers {
			before := p.cpu()
			n := load(p)
			costs[i] = append(costs[i], float64(p.cpu()-before)/float64(time.Microsecond)/float64(n))
		}
	}
	out := make([]float64, len(servers))
	for i, c := range costs {
		out[i] = median(c)
	}
	return out
}

// reads compares answers by id and of the latest version with a server that
// only writes held bytes.
func (b *bench) reads() {
	const schemas = 10_000
	file := filepath.Join(b.dir, "reads.db")
	fill(file, schemas)
	ours := b.serve(file)
	defer ours.stop()
	logged := b.serve(b.copy(file), "--log.access=true")
	defer logged.stop()
	ceiling := b.ceiling(ours.addr)
	defer ceiling.stop()
	for _, call := range []struct {
		name string
		path func(i int) string
	}{
		{"GET /schemas/ids/{id}", func(i int) string { return fmt.Sprintf("/schemas/ids/%d", i+1) }},
		{"GET …/versions/latest", func(i int) string { return "/subjects/" + subjectName(i) + "/versions/latest" }},
	} {
		var requests [][]byte
		for i := range schemas {
			requests = append(requests, get(call.path(i)))
		}
		load := func(p *process) int { return drive(p.addr, 64, b.seconds, requests).n }
		for _, p := range []*process{ours, logged, ceiling} {
			drive(p.addr, 64, time.Second*2, requests) // what is asked for first is not held yet
		}
		c := b.cost([]*process{ours, ceiling, logged}, load)
		b.add(call.name+", 64 connections, metrics on", us(c[0]), us(c[1]), ratio(c[0]/c[1]), "≤ 1.10×")
		b.add(call.name+", access log on too", us(c[2]), us(c[1]), ratio(c[2]/c[1]), "reported")
	}
}

// known compares the registration of what is already there with a server that
// reads the body and finds it in a map.
func (b *bench) known() {
	small, large := filepath.Join(b.dir, "known100.db"), filepath.Join(b.dir, "known100000.db")
	fill(small, 100)
	fill(large, 100_000)
	few, many := b.serve(small), b.serve(large)
	defer few.stop()
	defer many.stop()
	ceiling := b.ceiling(few.addr)
	defer ceiling.stop()
	requests := func(schemas int) (list [][]byte) {
		for i := range min(schemas, 4096) {
			n := i * (schemas / min(schemas, 4096))
			list = append(list, post("/subjects/"+subjectName(n)+"/versions", registration(n)))
		}
		return list
	}
	of := map[*process][][]byte{few: requests(100), many: requests(100_000), ceiling: requests(100)}
	load := func(p *process) int { return drive(p.addr, 16, b.seconds, of[p]).n }
	for p := range of {
		drive(p.addr, 16, 2*time.Second, of[p])
	}
	c := b.cost([]*process{few, ceiling, many}, load)
	b.add("POST of a known schema, 16 connections", us(c[0]), us(c[1]), ratio(c[0]/c[1]), "≤ 1.5×")
	b.add("the same among 100,000 names, against among 100", us(c[2]), us(c[0]), ratio(c[2]/c[0]), "≤ 1.1×")
}

// writes compares durable registrations with bare commits.
func (b *bench) writes() {
	var ours, floor, gets []float64
	reference := b.serve(filepath.Join(b.dir, "gets.db"))
	defer reference.stop()
	ceiling := b.ceiling(reference.addr)
	defer ceiling.stop()
	server := b.serve(filepath.Join(b.dir, "writes.db"))
	defer server.stop()
	next := 0
	register := func(n int) (list [][]byte) {
		for range n {
			list = append(list, post("/subjects/"+subjectName(next)+"/versions", registration(next)))
			next++
		}
		return list
	}
	commits := newCommits(filepath.Join(b.dir, "commits.db"))
	for range b.rounds {
		ours = append(ours, micros(once(server.addr, 1, register(400)).p50()))
		floor = append(floor, micros(commits.singly(400)))
		gets = append(gets, micros(once(ceiling.addr, 1, slices.Repeat([][]byte{get("/schemas/ids/1")}, 400)).p50()))
	}
	o, f := median(ours), median(floor)+median(gets)
	b.add("POST of a new schema, durable, 1 connection, p50", us(o), us(f), ratio(o/f), "≤ 1.3×")
	var rates, batches []float64
	for range b.rounds {
		r := once(server.addr, 16, register(3000))
		rates = append(rates, float64(r.n)/r.wall.Seconds())
		batches = append(batches, commits.batched(16, time.Millisecond, 3000))
	}
	r, t := median(rates), median(batches)
	b.add("the same, 16 connections, records/s", fmt.Sprintf("%.0f/s", r), fmt.Sprintf("%.0f/s", t), ratio(r/t), "≥ 0.5×")
}

// start measures the time from start to the first answer, and memory then.
func (b *bench) start() {
	for _, c := range []struct {
		schemas int
		goal    string
	}{{0, "≤ 50 ms, ≤ 25 MiB"}, {10_000, "≤ 100 ms, ≤ 25 MiB"}, {b.large, "≤ 1 s, ≤ 25 MiB"}} {
		file := filepath.Join(b.dir, fmt.Sprintf("start%d.db", c.schemas))
		if c.schemas > 0 {
			fill(file, c.schemas)
		}
		var times, memory []float64
		for range b.rounds {
			began := time.Now()
			p := b.serve(file)
			times = append(times, float64(time.Since(began))/float64(time.Millisecond))
			memory = append(memory, p.anonymous())
			p.stop()
		}
		b.add(fmt.Sprintf("start to first answer, %d schemas", c.schemas), fmt.Sprintf("%.0f ms, %.1f MiB", median(times), median(memory)), "", "", c.goal)
		os.Remove(file)
	}
}

func us(v float64) string    { return fmt.Sprintf("%.1f µs", v) }
func ratio(v float64) string { return fmt.Sprintf("%.2f×", v) }
func micros(d time.Duration) float64 {
	return float64(d) / float64(time.Microsecond)
}
