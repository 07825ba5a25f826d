// Judges accounts by Drools: facts come as JSON in bytes, matches go back as lines of "rule account";
// Rules.java beside it, with the facts' classes and the rules, is written by benchmarks/engines/drools_model.py.

package bellwether;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.drools.modelcompiler.KieBaseBuilder;
import org.kie.api.KieBase;
import org.kie.api.runtime.KieSession;
import org.kie.api.runtime.KieSessionsPool;
import org.kie.api.runtime.rule.FactHandle;

public final class Judge {
    /** What every fact has: the number of its account in the batch. */
    public abstract static class Fact {
        final Batch batch;
        public final int account;

        Fact(Batch batch) {
            this.batch = batch;
            this.account = batch.ids.size() - 1;
        }

        void matched(String rule) {
            batch.found.append(rule).append(' ').append(batch.ids.get(account)).append('\n');
        }
    }

    /** Some accounts with their facts, and what was found of them. */
    static final class Batch {
        final List<String> ids = new ArrayList<>();
        final List<List<Fact>> facts = new ArrayList<>();
        StringBuilder found = new StringBuilder();
    }

    private static final JsonFactory JSON = new JsonFactory();

    private final int together;
    private final ExecutorService threads;
    private final KieSessionsPool pool;
    private final ThreadLocal<KieSession> own;
    private final List<Future<String>> asked = new ArrayList<>();
    private final List<Batch> kept = new ArrayList<>();

    /** So many threads; so many accounts together in a session, joined by account; 1: one after the other. */
    public Judge(int threads, int together) {
        KieBase base = KieBaseBuilder.createKieBaseFromModel(Rules.model(together > 1));
        this.together = together;
        this.threads = Executors.newFixedThreadPool(threads);
        this.pool = base.newKieSessionsPool(threads);
        this.own = ThreadLocal.withInitial(base::newKieSession);
    }

    /** Begin to judge the accounts that the JSON tells of. */
    public void ask(byte[] json) {
        asked.add(threads.submit(() -> judge(read(json))));
    }

    /** Make objects of the accounts that the JSON tells of, and keep them. */
    public void keep(byte[] json) throws Exception {
        kept.add(read(json));
    }

    /** Begin to judge those that are kept. */
    public void askKept() {
        for (Batch batch : kept) {
            asked.add(threads.submit(() -> judge(batch)));
        }
    }

    /** What was found since the last time, when all of it is. */
    public String found() throws Exception {
        StringBuilder all = new StringBuilder();
        for (Future<String> each : asked) {
            all.append(each.get());
        }
        asked.clear();
        return all.toString();
    }

    public void close() {
        threads.shutdownNow();
    }

    private static Batch read(byte[] json) throws Exception {
        Batch batch = new Batch();
        try (JsonParser in = JSON.createParser(json)) {
            Rules.read(in, batch);
        }
        return batch;
    }

    private String judge(Batch batch) {
        batch.found = new StringBuilder();
        if (together > 1) {
            for (int from = 0; from < batch.facts.size(); from += together) {
                joined(batch.facts.subList(from, Math.min(from + together, batch.facts.size())));
            }
        } else {
            for (List<Fact> facts : batch.facts) {
                alone(own.get(), facts);
            }
        }
        return batch.found.toString();
    }

    private void joined(List<List<Fact>> accounts) {
        KieSession session = pool.newKieSession();
        for (List<Fact> facts : accounts) {
            for (Fact fact : facts) {
                session.insert(fact);
            }
        }
        session.fireAllRules();
        session.dispose();
    }

    private static void alone(KieSession session, List<Fact> facts) {
        List<FactHandle> handles = new ArrayList<>(facts.size());
        for (Fact fact : facts) {
            handles.add(session.insert(fact));
        }
        session.fireAllRules();
        for (FactHandle handle : handles) {
            session.delete(handle);
        }
    }
}
