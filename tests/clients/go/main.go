// What a client that openapi-generator wrote can do: a message, a batch, a union, events, and a problem.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"time"

	"gateway"
)

func main() {
	configuration := gateway.NewConfiguration()
	configuration.Servers = gateway.ServerConfigurations{{URL: os.Getenv("GATEWAY_URL")}}
	configuration.DefaultHeader["Authorization"] = "Bearer " + os.Getenv("GATEWAY_KEY")
	api := gateway.NewAPIClient(configuration)
	ctx := context.Background()
	number := "+819012345678"

	body := gateway.NewMessageIn(number)
	body.SetText("こんにちは")
	var sent [2]string
	for n := range sent {
		message, _, err := api.MessagesAPI.SendMessage(ctx).MessageIn(*body).IdempotencyKey("one-key").Execute()
		check(err)
		sent[n] = message.GetId()
	}
	require(sent[0] == sent[1], "the same key made two messages")

	var message *gateway.MessageOut
	for ends := time.Now().Add(20 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		var err error
		message, _, err = api.MessagesAPI.GetMessage(ctx, sent[0]).Execute()
		check(err)
		if message.Status == gateway.STATUS_DELIVERED {
			break
		}
		require(time.Now().Before(ends), "still "+string(message.Status))
	}
	require(message.GetText() == "こんにちは", "the text is "+message.GetText())

	wrong := gateway.NewMessageIn("12")
	wrong.SetText("x")
	batch := gateway.NewBatchIn()
	batch.SetMessages([]gateway.MessageIn{*body, *wrong})
	accepted, _, err := api.MessagesAPI.SendBatch(ctx).BatchIn(*batch).Execute()
	check(err)
	items := accepted.GetItems()
	require(items[0].HasMessage() && !items[0].HasProblem(), "the first item was refused")
	require(items[1].HasProblem() && items[1].Problem.Code == gateway.CODE_INVALID_REQUEST, "the second one was not")

	code := gateway.NewSmsCodeIn("sms_code", number, "Your code is {code}", 10)
	union := gateway.SmsCodeInAsVerificationIn(code)
	begun, _, err := api.NumbersAPI.VerifyNumber(ctx).VerificationIn(union).Execute()
	check(err)
	require(begun.GetMethod() == "sms_code" && strings.HasPrefix(begun.GetId(), "ver_"), "it is no verification")
	owner := gateway.NewOwnerIn("owner", number, time.Now().AddDate(0, -1, 0).Format("2006-01-02"))
	asked, _, err := api.NumbersAPI.VerifyNumber(ctx).VerificationIn(gateway.OwnerInAsVerificationIn(owner)).Execute()
	check(err)
	require(asked.GetResult() == "same_owner", "the owner is "+asked.GetResult())

	events, _, err := api.EventsAPI.ListEvents(ctx).Type_("message.delivered").Execute()
	check(err)
	told := events.GetItems()[0].MessageEventOut
	require(told != nil && told.Data.GetId() == sent[0], "the first event is of another message")

	_, answer, err := api.MessagesAPI.GetMessage(ctx, "msg_"+strings.Repeat("0", 26)).Execute()
	require(answer.StatusCode == 404, "it is there")
	var problem gateway.Problem
	check(json.Unmarshal(err.(*gateway.GenericOpenAPIError).Body(), &problem))
	require(problem.Code == gateway.CODE_NOT_FOUND, "the problem is "+string(problem.Code))
	fmt.Println("all went well")
}

func check(err error) {
	if err != nil {
		if refused, ok := err.(*gateway.GenericOpenAPIError); ok {
			err = fmt.Errorf("%w: %s", err, refused.Body())
		}
		panic(err)
	}
}

func require(holds bool, otherwise string) {
	if !holds {
		panic(otherwise)
	}
}
