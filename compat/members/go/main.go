// franz-go as a member of a group that prints what Kafka's VerifiableConsumer prints.
//
// Arguments: bootstrap servers, group id, topic, protocol (classic or consumer). It commits what it has read after every
// poll, and leaves when it is terminated.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

const (
	sessionTimeout    = 6 * time.Second
	heartbeatInterval = 500 * time.Millisecond
	commitTimeout     = 10 * time.Second
)

type span struct {
	Partition int32 `json:"partition"`
	MinOffset int64 `json:"minOffset"`
	MaxOffset int64 `json:"maxOffset"`
}

type position struct {
	Partition int32 `json:"partition"`
	Offset    int64 `json:"offset"`
}

func say(name string, facts map[string]any) {
	facts["name"] = name
	line, err := json.Marshal(facts)
	if err != nil {
		panic(err)
	}
	fmt.Println(string(line))
}

func tell(name string) func(context.Context, *kgo.Client, map[string][]int32) {
	return func(_ context.Context, _ *kgo.Client, topics map[string][]int32) {
		partitions := []map[string]int32{}
		for _, indexes := range topics {
			for _, index := range indexes {
				partitions = append(partitions, map[string]int32{"partition": index})
			}
		}
		say(name, map[string]any{"partitions": partitions})
	}
}

func consumed(fetches kgo.Fetches) []span {
	spans := []span{}
	fetches.EachPartition(func(each kgo.FetchTopicPartition) {
		if len(each.Records) > 0 {
			first, last := each.Records[0], each.Records[len(each.Records)-1]
			spans = append(spans, span{each.Partition, first.Offset, last.Offset})
		}
	})
	return spans
}

func main() {
	servers, groupID, topic, protocol := os.Args[1], os.Args[2], os.Args[3], os.Args[4]
	options := []kgo.Opt{
		kgo.SeedBrokers(strings.Split(servers, ",")...),
		kgo.ConsumerGroup(groupID),
		kgo.ConsumeTopics(topic),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.DisableAutoCommit(),
		kgo.BlockRebalanceOnPoll(),
		kgo.Balancers(kgo.RangeBalancer()),
		kgo.OnPartitionsAssigned(tell("partitions_assigned")),
		kgo.OnPartitionsRevoked(tell("partitions_revoked")),
		kgo.OnPartitionsLost(tell("partitions_lost")),
	}
	if protocol == "consumer" {
		options = append(options, kgo.ServerSideBalancer())
	} else {
		options = append(options, kgo.SessionTimeout(sessionTimeout), kgo.HeartbeatInterval(heartbeatInterval))
	}
	client, err := kgo.NewClient(options...)
	if err != nil {
		panic(err)
	}
	terminated, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	for terminated.Err() == nil {
		fetches := client.PollFetches(terminated)
		if spans := consumed(fetches); len(spans) > 0 {
			commit(client, fetches, spans)
		}
		client.AllowRebalance()
	}
	client.CloseAllowingRebalance()
}

func commit(client *kgo.Client, fetches kgo.Fetches, spans []span) {
	say("records_consumed", map[string]any{"count": fetches.NumRecords(), "partitions": spans})
	bounded, cancel := context.WithTimeout(context.Background(), commitTimeout)
	defer cancel()
	err := client.CommitRecords(bounded, fetches.Records()...)
	offsets := []position{}
	for _, each := range spans {
		offsets = append(offsets, position{each.Partition, each.MaxOffset + 1})
	}
	say("offsets_committed", map[string]any{"offsets": offsets, "success": err == nil})
}
