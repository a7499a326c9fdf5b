import io.messagegateway.Webhooks;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.HashMap;
import java.util.Map;

/** Reads lines of secrets, headers (`-`: it is not there) and a body in base64; prints what is made of each. */
public final class VerifyWebhook {
  public static void main(String[] arguments) throws IOException {
    BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      String[] parts = line.split("\t");
      Map<String, String> headers = new HashMap<>();
      headers.put("webhook-id", parts[1]);
      headers.put("webhook-timestamp", parts[2]);
      headers.put("webhook-signature", parts[3]);
      headers.values().removeIf("-"::equals);
      try {
        new Webhooks(parts[0].split(",")).verify(Base64.getDecoder().decode(parts[4]), headers::get);
        System.out.println("genuine");
      } catch (Webhooks.Forged forged) {
        System.out.println("forged: " + forged.getMessage());
      } catch (IllegalArgumentException wrong) {
        System.out.println("wrong secret: " + wrong.getMessage());
      }
    }
  }
}
