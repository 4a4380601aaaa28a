// Java's own client before the gateway; with HTTP/2 preferred, as it is unless told otherwise.
//
// Tries everything in turn and prints a JSON object a line: {trial, told}. Settings come from the
// environment: BASE, KEY, and AUTHORITY, a PEM file.
import java.io.ByteArrayInputStream;
import java.io.FileInputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.util.ArrayList;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

public class Asking {
  static final String BASE = System.getenv("BASE");
  static final String KEY = System.getenv("KEY");
  static final int MIB = 1 << 20;
  static HttpClient client;

  static void tell(String trial, Object told) {
    String text = told instanceof String ? "\"" + told.toString().replace("\"", "'") + "\"" : "" + told;
    System.out.println("{\"trial\": \"" + trial + "\", \"told\": " + text.replace("\n", " ") + "}");
  }

  static void attempt(String trial, Callable<Object> run) {
    try {
      tell(trial, run.call());
    } catch (Exception error) {
      tell(trial, error.toString());
    }
  }

  static String chat(String content, boolean isStream) {
    return "{\"model\": \"m\", \"stream\": " + isStream
        + ", \"messages\": [{\"role\": \"user\", \"content\": \"" + content + "\"}]}";
  }

  static HttpRequest.Builder to(String path, String key) {
    return HttpRequest.newBuilder(URI.create(BASE + path))
        .header("Authorization", "Bearer " + key)
        .header("Content-Type", "application/json");
  }

  static HttpRequest.Builder post(String body) {
    return to("/v1/chat/completions", KEY).POST(BodyPublishers.ofString(body));
  }

  static HttpResponse<String> ask(HttpRequest.Builder request) throws Exception {
    return client.send(request.build(), BodyHandlers.ofString());
  }

  static HttpRequest.BodyPublisher inPieces(String body) {
    return BodyPublishers.ofInputStream(() -> new ByteArrayInputStream(body.getBytes()));
  }

  static boolean stream() throws Exception {
    HttpResponse<java.util.stream.Stream<String>> answer =
        client.send(post(chat("hello", true)).build(), BodyHandlers.ofLines());
    ArrayList<String> lines = new ArrayList<>();
    answer.body().filter(line -> !line.isEmpty()).forEach(line -> {
      if (line.contains("first ")) tell("streaming", true);
      lines.add(line);
    });
    return lines.get(lines.size() - 1).equals("data: [DONE]");
  }

  static Object kept() throws Exception {
    TreeSet<Integer> statuses = new TreeSet<>();
    for (int count = 0; count < 30; count++) {
      statuses.add(ask(post(chat("at once", count % 2 == 0))).statusCode());
    }
    return statuses;
  }

  static Object parallel() {
    ArrayList<CompletableFuture<HttpResponse<String>>> asked = new ArrayList<>();
    for (int count = 0; count < 50; count++) {
      asked.add(client.sendAsync(
          post(chat("at once", count % 2 == 0)).build(), BodyHandlers.ofString()));
    }
    TreeSet<Integer> statuses = new TreeSet<>();
    for (var one : asked) statuses.add(one.join().statusCode());
    return statuses;
  }

  static Object left() throws Exception {
    HttpResponse<java.io.InputStream> answer =
        client.send(post(chat("leave", true)).build(), BodyHandlers.ofInputStream());
    answer.body().read();
    answer.body().close();
    return answer.statusCode();
  }

  static SSLContext trusting(String path) throws Exception {
    KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
    store.load(null, null);
    try (FileInputStream file = new FileInputStream(path)) {
      store.setCertificateEntry(
          "authority", CertificateFactory.getInstance("X.509").generateCertificate(file));
    }
    TrustManagerFactory trust =
        TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    trust.init(store);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(null, trust.getTrustManagers(), null);
    return context;
  }

  public static void main(String[] arguments) throws Exception {
    client = HttpClient.newBuilder().sslContext(trusting(System.getenv("AUTHORITY"))).build();
    attempt("list", () -> ask(to("/v1/models", KEY).GET()).statusCode());
    attempt("head", () -> ask(
        to("/v1/models", KEY).method("HEAD", BodyPublishers.noBody())).statusCode());
    attempt("whole", () -> ask(post(chat("at once", false))).body().contains("first last")
        ? "first last" : "something else");
    attempt("stream", Asking::stream);
    attempt("kept", Asking::kept);
    attempt("chunked", () -> ask(to("/v1/chat/completions", KEY)
        .POST(inPieces(chat("at once " + "x".repeat(100_000), false)))).statusCode());
    attempt("expect", () -> ask(post(chat("at once", false)).expectContinue(true)).statusCode());
    // Java 17 waits without end for a 100 where something else is answered.
    attempt("large", () -> ask(post(chat("at once " + "x".repeat(8 * MIB), false))).statusCode());
    attempt("too large", () -> ask(post("x".repeat(11 * MIB))).statusCode());
    attempt("too large, chunked", () -> ask(to("/v1/chat/completions", KEY)
        .POST(inPieces("x".repeat(11 * MIB)))).statusCode());
    attempt("wrong key, large", () -> ask(to("/v1/chat/completions", "no")
        .POST(BodyPublishers.ofString("x".repeat(5 * MIB)))).statusCode());
    attempt("parallel", Asking::parallel);
    attempt("left", Asking::left);
    attempt("after", () -> ask(post(chat("at once", false))).statusCode());
    System.exit(0);
  }
}
