module pond/bench/go

go 1.19
