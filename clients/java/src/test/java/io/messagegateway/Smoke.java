package io.messagegateway;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.messagegateway.client.ApiClient;
import io.messagegateway.client.ApiException;
import io.messagegateway.client.ApiResponse;
import io.messagegateway.client.api.MessagesApi;
import io.messagegateway.client.api.MessagesApi.APIListMessagesRequest;
import io.messagegateway.client.api.ReservationsApi;
import io.messagegateway.client.model.Code;
import io.messagegateway.client.model.FeedEventOut;
import io.messagegateway.client.model.MessageEventOut;
import io.messagegateway.client.model.MessageIn;
import io.messagegateway.client.model.MessageList;
import io.messagegateway.client.model.MessageOut;
import io.messagegateway.client.model.Problem;
import io.messagegateway.client.model.ReservationIn;
import io.messagegateway.client.model.Status;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * Does against a gateway what everybody does, and prints a line a step; exits with 0 only if all went well.
 *
 * <p>GATEWAY_URL, GATEWAY_KEY, perhaps GATEWAY_TO; and GATEWAY_WEBHOOK_PORT with GATEWAY_WEBHOOK_SECRET where the
 * gateway tells its events to that port of this machine.
 */
public final class Smoke {
  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final String TEXT = "ご予約は明日10時です";

  private final String to;
  private final ObjectMapper json;
  private final MessagesApi messages;
  private final ReservationsApi reservations;
  private final String run = "smoke-" + UUID.randomUUID();

  private Smoke(String url, String key, String to) {
    ApiClient client = new ApiClient();
    client.updateBaseUri(url.replaceAll("/+$", ""));
    client.setRequestInterceptor(
        request -> request.header("Authorization", "Bearer " + key).header("User-Agent", "message-gateway-java/0.1.0"));
    client.setReadTimeout(Duration.ofSeconds(35)); // longer than the longest `Prefer: wait`
    this.to = to;
    json = client.getObjectMapper();
    messages = new MessagesApi(client);
    reservations = new ReservationsApi(client);
  }

  public static void main(String[] arguments) throws Exception {
    String to = System.getenv().getOrDefault("GATEWAY_TO", "+819012345678");
    Smoke smoke = new Smoke(needed("GATEWAY_URL"), needed("GATEWAY_KEY"), to);
    String port = System.getenv("GATEWAY_WEBHOOK_PORT");
    Listener listener =
        port == null ? null : smoke.new Listener(Integer.parseInt(port), needed("GATEWAY_WEBHOOK_SECRET"));
    try {
      String id = smoke.send();
      String other = smoke.sendWithKey();
      smoke.wait(id);
      smoke.list(id, other);
      smoke.reserve();
      smoke.refused();
      if (listener == null) {
        say("left out: the webhook, for want of GATEWAY_WEBHOOK_PORT and GATEWAY_WEBHOOK_SECRET");
      } else {
        listener.told(id);
        listener.refuses();
      }
    } finally {
      if (listener != null) {
        listener.server.stop(0);
      }
    }
    say("all went well");
  }

  /** A message, and the same again: its clientTag makes it one. */
  private String send() throws ApiException {
    MessageIn body = new MessageIn().to(to).text(TEXT).clientTag(run).groupTag(run);
    MessageOut sent = messages.sendMessage(body, null, null);
    say("sent " + sent.getId() + ": " + sent.getStatus());
    ApiResponse<MessageOut> again = messages.sendMessageWithHttpInfo(body, null, null);
    check(again.getData().getId().equals(sent.getId()), "the same clientTag made another message");
    check(first(again, "idempotency-replayed").equals("true"), "the repeat is not marked as one");
    say("sent again with the same clientTag: the same message");
    return sent.getId();
  }

  /** A message without a tag: a key of the request's own makes it repeatable. */
  private String sendWithKey() throws ApiException {
    String key = UUID.randomUUID().toString();
    MessageIn body = new MessageIn().to(to).text(TEXT).groupTag(run);
    MessageOut sent = messages.sendMessage(body, key, null);
    MessageOut again = messages.sendMessage(body, key, null);
    check(again.getId().equals(sent.getId()), "the same Idempotency-Key made another message");
    Problem problem = refusal(() -> messages.sendMessage(new MessageIn().to(to).text("another"), key, null), 422);
    check(problem.getCode() == Code.IDEMPOTENCY_KEY_REUSED, "it is " + problem.getCode());
    say("sent twice with the same Idempotency-Key: one message; with other content: " + problem.getCode());
    return sent.getId();
  }

  /** Delivered, or final where the vendor reports nothing. */
  private void wait(String id) throws ApiException, InterruptedException {
    Instant ends = Instant.now().plus(PATIENCE);
    long pause = 50;
    MessageOut message = messages.getMessage(id, null, null);
    while (message.getStatus() != Status.DELIVERED && !message.getFinal()) {
      check(Instant.now().isBefore(ends), "still " + message.getStatus());
      Thread.sleep(pause);
      pause = Math.min(pause * 2, 1000);
      message = messages.getMessage(id, null, null);
    }
    Status status = message.getStatus();
    check(status == Status.DELIVERED || status == Status.SUBMITTED, "it is " + status);
    say("waited: " + status);
    check(message.getText().equals(TEXT), "the text is not the one that was sent: " + message.getText());
    check(!message.getEvents().isEmpty(), "it has no timeline");
    say("read: the text as it was sent, and " + message.getEvents().size() + " entries on the timeline");
  }

  private void list(String... ids) throws ApiException {
    List<String> found = new ArrayList<>();
    String cursor = null;
    int pages = 0;
    do {
      MessageList page = messages.listMessages(
          APIListMessagesRequest.newBuilder().groupTag(run).limit(1).cursor(cursor).build());
      page.getItems().forEach(each -> found.add(each.getId()));
      cursor = page.getNextCursor();
      pages++;
    } while (cursor != null);
    check(pages > 1, "there was one page only");
    check(found.size() == ids.length && found.containsAll(List.of(ids)), "the list has " + found);
    say("listed " + found.size() + " messages on " + pages + " pages");
  }

  private void reserve() throws ApiException {
    OffsetDateTime later = OffsetDateTime.now().plusHours(1);
    ReservationIn body = new ReservationIn().to(to).text(TEXT).sendAt(later);
    MessageOut reserved = reservations.makeReservation(body, UUID.randomUUID().toString());
    check(reserved.getStatus() == Status.SCHEDULED, "it is " + reserved.getStatus());
    check(Duration.between(reserved.getSendAt(), later).abs().toSeconds() < 1, "it is due at " + reserved.getSendAt());
    MessageOut canceled = reservations.cancelReservation(reserved.getId());
    check(canceled.getStatus() == Status.CANCELED, "it is " + canceled.getStatus());
    Problem problem = refusal(() -> reservations.cancelReservation(reserved.getId()), 409);
    check(problem.getCode() == Code.NOT_CANCELABLE, "it is " + problem.getCode());
    say("reserved and canceled " + reserved.getId() + "; canceled again: " + problem.getCode());
  }

  private void refused() throws ApiException {
    Problem wrong = refusal(() -> messages.sendMessage(new MessageIn().to("12").text(TEXT), null, null), 400);
    check(wrong.getCode() == Code.INVALID_REQUEST, "it is " + wrong.getCode());
    check(wrong.getErrors().get(0).getPointer().equals("/to"), "it points at " + wrong.getErrors());
    say("refused: " + wrong.getCode() + ", " + wrong.getErrors().get(0).getPointer() + ": " + wrong.getDetail());
    Problem absent = refusal(() -> messages.getMessage("msg_" + "0".repeat(26), null, null), 404);
    check(absent.getCode() == Code.NOT_FOUND && !absent.getRetryable(), "it is " + absent);
    say("refused: " + absent.getCode() + ", request " + absent.getInstance());
  }

  private interface Call {
    void run() throws ApiException;
  }

  /** The problem that a call is refused with. */
  private Problem refusal(Call call, int status) throws ApiException {
    try {
      call.run();
    } catch (ApiException refused) {
      check(refused.getCode() == status, "it is answered " + refused.getCode() + ": " + refused.getResponseBody());
      try {
        return json.readValue(refused.getResponseBody(), Problem.class);
      } catch (JsonProcessingException garbage) {
        throw new IllegalStateException("the answer is no problem: " + refused.getResponseBody(), garbage);
      }
    }
    throw new IllegalStateException("it was not refused with " + status);
  }

  /** Where the gateway tells its events. */
  private final class Listener {
    final HttpServer server;
    private final Webhooks webhooks;
    private final BlockingQueue<MessageEventOut> told = new LinkedBlockingQueue<>();

    Listener(int port, String secret) throws IOException {
      webhooks = new Webhooks(secret);
      server = HttpServer.create(new InetSocketAddress(InetAddress.getByName("127.0.0.1"), port), 0);
      server.createContext("/", this::received);
      server.start();
    }

    private void received(HttpExchange exchange) throws IOException {
      try (exchange) {
        byte[] body = exchange.getRequestBody().readAllBytes();
        int answer = 204;
        try {
          webhooks.verify(body, exchange.getRequestHeaders()::getFirst);
          if (json.readValue(body, FeedEventOut.class).getActualInstance() instanceof MessageEventOut event) {
            told.add(event);
          }
        } catch (Webhooks.Forged forged) {
          answer = 401;
        }
        exchange.sendResponseHeaders(answer, -1);
      }
    }

    /** Waits for the last event about a message. */
    void told(String id) throws InterruptedException {
      Instant ends = Instant.now().plus(PATIENCE);
      while (true) {
        long left = Duration.between(Instant.now(), ends).toMillis();
        MessageEventOut event = told.poll(left, TimeUnit.MILLISECONDS);
        check(event != null, "no webhook told of " + id);
        boolean last = event.getType() == MessageEventOut.TypeEnum.MESSAGE_DELIVERED || event.getData().getFinal();
        if (event.getData().getId().equals(id) && last) {
          say("told by webhook: " + event.getType() + " of " + id);
          return;
        }
      }
    }

    /** What anybody may send here has no signature that fits. */
    void refuses() throws IOException, InterruptedException {
      HttpRequest forged = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + server.getAddress().getPort() + "/"))
          .header("webhook-id", "evt_forged")
          .header("webhook-timestamp", Long.toString(Instant.now().getEpochSecond()))
          .header("webhook-signature", "v1," + "A".repeat(43) + "=")
          .POST(HttpRequest.BodyPublishers.ofString("{\"type\": \"message.delivered\"}"))
          .build();
      int status = HttpClient.newHttpClient().send(forged, HttpResponse.BodyHandlers.discarding()).statusCode();
      check(status == 401, "a forged webhook is answered " + status);
      say("refused a forged webhook");
    }
  }

  private static String first(ApiResponse<?> answer, String header) {
    for (Map.Entry<String, List<String>> each : answer.getHeaders().entrySet()) {
      if (each.getKey().equalsIgnoreCase(header)) {
        return each.getValue().get(0);
      }
    }
    return "";
  }

  private static String needed(String variable) {
    String value = System.getenv(variable);
    check(value != null, variable + " is not set");
    return value;
  }

  private static void check(boolean holds, String otherwise) {
    if (!holds) {
      throw new IllegalStateException(otherwise);
    }
  }

  private static void say(String line) {
    System.out.println(line);
  }
}
