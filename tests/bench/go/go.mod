module measured

go 1.25.4

require github.com/lf-edge/ekuiper/sdk/go v0.0.0-20260105070701-e96d46af2823
