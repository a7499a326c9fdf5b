import com.fasterxml.jackson.databind.ObjectMapper;
import io.messagegateway.client.ApiClient;
import io.messagegateway.client.model.AbstractOpenApiSchema;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;

/** Reads lines of a schema's name and JSON, and prints for each which class that became, and it as JSON again. */
public final class RoundTrip {
  public static void main(String[] arguments) throws IOException, ClassNotFoundException {
    ObjectMapper mapper = ApiClient.createDefaultObjectMapper();
    BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      String[] parts = line.split("\t", 2);
      Object read = mapper.readValue(parts[1], Class.forName("io.messagegateway.client.model." + parts[0]));
      Object actual = read instanceof AbstractOpenApiSchema union ? union.getActualInstance() : read;
      out.println(actual.getClass().getSimpleName() + "\t" + mapper.writeValueAsString(read));
    }
  }
}
