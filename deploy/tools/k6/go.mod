module standing-order/tools/k6

go 1.26.0

require go.k6.io/k6/v2 v2.1.0
