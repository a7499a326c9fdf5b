package io.messagegateway;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.time.Clock;
import java.time.Duration;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.function.Function;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/** Tells whether a webhook comes from the gateway, and now, by its Standard Webhooks signature. Safe to share. */
public final class Webhooks {
  /** It is not from the gateway, or was recorded and sent again. Answer 401, and do nothing. */
  public static final class Forged extends Exception {
    private static final long serialVersionUID = 1;

    Forged(String why) {
      super(why);
    }
  }

  private static final String PREFIX = "whsec_";
  private static final Duration TOLERANCE = Duration.ofMinutes(5);

  private final List<byte[]> keys;
  private final Clock clock;

  /**
   * @param secrets of the endpoint, {@code whsec_} and base64; while they are rotated, the old one and the new one
   */
  public Webhooks(String... secrets) {
    this(Clock.systemUTC(), secrets);
  }

  /**
   * @param clock says how old a webhook is
   * @param secrets of the endpoint
   */
  public Webhooks(Clock clock, String... secrets) {
    if (secrets.length == 0) {
      throw new IllegalArgumentException("without a secret nothing can be verified");
    }
    this.clock = clock;
    this.keys = Arrays.stream(secrets).map(Webhooks::key).toList();
  }

  private static byte[] key(String secret) {
    byte[] key;
    try {
      key = Base64.getDecoder().decode(secret.startsWith(PREFIX) ? secret.substring(PREFIX.length()) : secret);
    } catch (IllegalArgumentException e) {
      key = new byte[0];
    }
    if (key.length == 0) { // the secret itself, and what a decoder says of it, belong in no log
      throw new IllegalArgumentException("a secret is whsec_ and base64");
    }
    return key;
  }

  /**
   * Returns where the body is the gateway's, was signed with one of the secrets, and within five minutes of now.
   *
   * @param body as it came: parsed and written again it is another
   * @param header the value of a header, null where there is none: {@code headers::getFirst}, {@code
   *     request::getHeader}
   */
  public void verify(byte[] body, Function<String, String> header) throws Forged {
    String id = header.apply("webhook-id");
    String timestamp = header.apply("webhook-timestamp");
    String signatures = header.apply("webhook-signature");
    if (id == null || timestamp == null || signatures == null) {
      throw new Forged("it is not signed");
    }
    checkAge(timestamp);
    byte[] signed = (id + "." + timestamp + ".").getBytes(StandardCharsets.UTF_8);
    for (String signature : signatures.split(" ")) {
      if (signature.startsWith("v1,") && anyKeySigned(signed, body, signature.substring("v1,".length()))) {
        return;
      }
    }
    throw new Forged("no signature fits");
  }

  private void checkAge(String timestamp) throws Forged {
    long seconds;
    try {
      seconds = Long.parseLong(timestamp);
    } catch (NumberFormatException e) {
      throw new Forged("its time is none");
    }
    long now = clock.instant().getEpochSecond();
    if (seconds < now - TOLERANCE.toSeconds() || seconds > now + TOLERANCE.toSeconds()) {
      throw new Forged("it is of another time");
    }
  }

  private boolean anyKeySigned(byte[] signed, byte[] body, String signature) {
    byte[] claimed;
    try {
      claimed = Base64.getDecoder().decode(signature);
    } catch (IllegalArgumentException e) {
      return false;
    }
    return keys.stream().anyMatch(key -> MessageDigest.isEqual(sign(key, signed, body), claimed));
  }

  private static byte[] sign(byte[] key, byte[] signed, byte[] body) {
    try {
      Mac mac = Mac.getInstance("HmacSHA256");
      mac.init(new SecretKeySpec(key, "HmacSHA256"));
      mac.update(signed);
      return mac.doFinal(body);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every Java platform has HmacSHA256", e);
    }
  }
}
