import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.LocalDateTime;
import java.time.format.DateTimeParseException;
import java.util.Locale;
import java.util.Properties;
import java.util.Set;
import java.util.concurrent.atomic.LongAdder;
import java.util.regex.Pattern;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.processor.PunctuationType;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.ProcessorSupplier;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.StoreBuilder;
import org.apache.kafka.streams.state.Stores;

/**
 * The topologies of bench/kafka on Kafka Streams, exactly once: what a team would write that knows it well.
 *
 * <p>Peer TOPOLOGY APPLICATION EVENTS STATE_FOLDER HOLD_SECONDS, with KAFKA_BOOTSTRAP_SERVERS. Reads the topic EVENTS,
 * writes APPLICATION-out and APPLICATION-dead. Runs until SIGTERM, and then prints what it took from its first record
 * on.
 */
public final class Peer {
  private static final String[] ENDS = {"out", "dead"};

  private static final LongAdder seen = new LongAdder();

  /** Passes each record on. */
  private static final class Pass implements Processor<byte[], byte[], byte[], byte[]> {
    private ProcessorContext<byte[], byte[]> context;

    @Override
    public void init(ProcessorContext<byte[], byte[]> context) {
      this.context = context;
    }

    @Override
    public void process(Record<byte[], byte[]> record) {
      seen.increment();
      context.forward(record, "out");
    }
  }

  /** Parses and checks JSON, lets three event types pass, and keeps four fields. */
  private static final class Filter implements Processor<byte[], byte[], byte[], byte[]> {
    private static final Set<String> WANTED = Set.of(
        "SENTENCE_DATES-CHANGED", "EXTERNAL_MOVEMENT_RECORD-INSERTED", "IMPRISONMENT_STATUS-CHANGED");
    private static final Pattern OFFENDER = Pattern.compile("[A-Z]\\d{4}[A-Z]{2}");

    private final ObjectMapper json = new ObjectMapper();
    private ProcessorContext<byte[], byte[]> context;

    @Override
    public void init(ProcessorContext<byte[], byte[]> context) {
      this.context = context;
    }

    @Override
    public void process(Record<byte[], byte[]> record) {
      seen.increment();
      try {
        JsonNode event = json.readTree(record.value());
        if (!isValid(event)) {
          context.forward(record, "dead");
          return;
        }
        if (!WANTED.contains(event.get("eventType").textValue())) {
          return;
        }
        ObjectNode fields = json.createObjectNode();
        fields.set("type", event.get("eventType"));
        fields.set("at", event.get("eventDatetime"));
        fields.set("booking", event.get("bookingId"));
        fields.set("offender", event.get("offenderNo"));
        context.forward(record.withValue(json.writeValueAsBytes(fields)), "out");
      } catch (IOException e) {
        context.forward(record, "dead");
      }
    }

    private static boolean isValid(JsonNode event) {
      JsonNode type = event.get("eventType");
      JsonNode at = event.get("eventDatetime");
      JsonNode booking = event.get("bookingId");
      JsonNode offender = event.get("offenderNo");
      return type != null && type.isTextual()
          && at != null && at.isTextual() && isTime(at.textValue())
          && booking != null && booking.isIntegralNumber() && booking.longValue() >= 1
          && offender != null && offender.isTextual() && OFFENDER.matcher(offender.textValue()).matches();
    }

    private static boolean isTime(String text) {
      try {
        LocalDateTime.parse(text);
        return true;
      } catch (DateTimeParseException e) {
        return false;
      }
    }
  }

  /**
   * Holds the newest record of a key and lets it go some time after the first of its kind came. The keys that are due
   * stand in a store ordered by time, so that the punctuation reads those alone.
   */
  private static final class HoldBack implements Processor<byte[], byte[], byte[], byte[]> {
    private static final byte[] NOTHING = {};

    private final long holdMs;
    private ProcessorContext<byte[], byte[]> context;
    private KeyValueStore<byte[], byte[]> held;
    private KeyValueStore<byte[], byte[]> due;

    HoldBack(long holdMs) {
      this.holdMs = holdMs;
    }

    static StoreBuilder<?> store(String name) {
      return Stores.keyValueStoreBuilder(
          Stores.persistentKeyValueStore(name), Serdes.ByteArray(), Serdes.ByteArray());
    }

    @Override
    public void init(ProcessorContext<byte[], byte[]> context) {
      this.context = context;
      held = context.getStateStore("held");
      due = context.getStateStore("due");
      context.schedule(Duration.ofSeconds(1), PunctuationType.WALL_CLOCK_TIME, this::release);
    }

    @Override
    public void process(Record<byte[], byte[]> record) {
      seen.increment();
      if (held.get(record.key()) == null) {
        due.put(dueKey(context.currentSystemTimeMs() + holdMs, record.key()), NOTHING);
      }
      held.put(record.key(), record.value());
    }

    private void release(long now) {
      try (KeyValueIterator<byte[], byte[]> all = due.range(dueKey(0, NOTHING), dueKey(now + 1, NOTHING))) {
        while (all.hasNext()) {
          KeyValue<byte[], byte[]> row = all.next();
          byte[] key = new byte[row.key.length - Long.BYTES];
          System.arraycopy(row.key, Long.BYTES, key, 0, key.length);
          context.forward(new Record<>(key, held.get(key), now), "out");
          held.delete(key);
          due.delete(row.key);
        }
      }
    }

    private static byte[] dueKey(long at, byte[] key) {
      return ByteBuffer.allocate(Long.BYTES + key.length).putLong(at).put(key).array();
    }
  }

  private static Topology topology(String name, String application, String events, long holdMs) {
    ProcessorSupplier<byte[], byte[], byte[], byte[]> work = switch (name) {
      case "pass" -> Pass::new;
      case "filter" -> Filter::new;
      case "hold_back" -> () -> new HoldBack(holdMs);
      default -> throw new IllegalArgumentException("there is no topology '" + name + "'");
    };
    Topology topology = new Topology();
    topology.addSource("events", new ByteArrayDeserializer(), new ByteArrayDeserializer(), events);
    topology.addProcessor("work", work, "events");
    if (name.equals("hold_back")) {
      topology.addStateStore(HoldBack.store("held"), "work");
      topology.addStateStore(HoldBack.store("due"), "work");
    }
    for (String end : ENDS) {
      topology.addSink(end, application + "-" + end, new ByteArraySerializer(), new ByteArraySerializer(), "work");
    }
    return topology;
  }

  private static double peakMegabytes() throws IOException {
    for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
      if (line.startsWith("VmHWM:")) {
        return Double.parseDouble(line.replaceAll("[^0-9]", "")) / 1024;
      }
    }
    return 0;
  }

  public static void main(String[] words) throws Exception {
    String application = words[1];
    Properties with = new Properties();
    with.put(StreamsConfig.APPLICATION_ID_CONFIG, application);
    with.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, System.getenv("KAFKA_BOOTSTRAP_SERVERS"));
    with.put(StreamsConfig.STATE_DIR_CONFIG, words[3]);
    with.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2);
    with.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, 100);
    with.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, 2);
    with.put("auto.offset.reset", "earliest");
    KafkaStreams streams =
        new KafkaStreams(topology(words[0], application, words[2], 1000 * Long.parseLong(words[4])), with);

    OperatingSystemMXBean system = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    long[] first = {0, 0};
    long[] last = {0, 0};
    Thread watch = new Thread(() -> {
      long before = 0;
      while (!Thread.currentThread().isInterrupted()) {
        long now = seen.sum();
        if (now != before) {
          long[] to = before == 0 ? first : last;
          to[0] = System.nanoTime();
          to[1] = system.getProcessCpuTime();
          before = now;
        }
        try {
          Thread.sleep(5);
        } catch (InterruptedException e) {
          return;
        }
      }
    });
    Runtime.getRuntime().addShutdownHook(new Thread(() -> {
      watch.interrupt();
      streams.close(Duration.ofSeconds(20));
      try {
        System.out.printf(Locale.ROOT,
            "{\"records\":%d,\"seconds\":%.3f,\"cpu_seconds\":%.3f,\"rss_mb\":%.0f}%n", seen.sum(),
            (last[0] - first[0]) / 1e9, (last[1] - first[1]) / 1e9, peakMegabytes());
        System.out.flush();
      } catch (IOException e) {
        System.err.println(e);
      }
    }));
    watch.setDaemon(true);
    watch.start();
    streams.start();
  }
}
