import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;

/**
 * Posts each file of a folder to a URL, with a key, by the JDK's client as it comes; the answer is written beside it.
 *
 * <p>The fourth argument is how: {@code in_turn}, {@code at_once} or {@code expecting} (100-continue, in turn).
 */
public final class Posts {
  public static void main(String[] arguments) throws Exception {
    HttpClient client = HttpClient.newHttpClient();
    String how = arguments[3];
    List<Path> bodies;
    try (Stream<Path> files = Files.list(Path.of(arguments[2]))) {
      bodies = files.sorted().toList();
    }
    HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(arguments[0]))
        .header("Authorization", "Bearer " + arguments[1])
        .header("Content-Type", "application/json")
        .timeout(Duration.ofSeconds(30))
        .expectContinue(how.equals("expecting"));
    if (how.equals("at_once")) {
      CompletableFuture<?>[] answers =
          bodies.stream().map(body -> later(client, request, body)).toArray(CompletableFuture[]::new);
      CompletableFuture.allOf(answers).join();
    } else {
      bodies.forEach(body -> later(client, request, body).join());
    }
  }

  private static CompletableFuture<?> later(HttpClient client, HttpRequest.Builder request, Path body) {
    Path answer = body.resolveSibling(body.getFileName() + ".answer");
    try {
      HttpRequest post = request.copy().POST(HttpRequest.BodyPublishers.ofFile(body)).build();
      return client.sendAsync(post, HttpResponse.BodyHandlers.ofString(StandardCharsets.UTF_8))
          .thenAccept(got -> write(answer, got.statusCode() + "\n" + got.body()));
    } catch (FileNotFoundException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void write(Path answer, String text) {
    try {
      Files.writeString(answer, text);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
