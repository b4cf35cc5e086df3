/** Kubernetes Events (`events.k8s.io/v1`): what a person should notice, beside the object that it is about. */

import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { LRUCache } from 'lru-cache';
import type { Logger } from 'pino';
import type { KubernetesObject } from '../policy/kubernetes.ts';
import type { Cluster } from './kubernetes/client.ts';
import { NotFoundError } from './kubernetes/errors.ts';
import { EVENTS } from './kubernetes/resources.ts';
import { microTime } from './micro-time.ts';
import { CONTROLLER_NAME } from './status/policy-status.ts';

export interface EventsOptions {
  readonly cluster: Cluster;
  readonly logger: Logger;
  /** Which of the operators says so: the Pod's name. */
  readonly identity: string;
  readonly limits?: Partial<EventLimits>;
}

export interface EventLimits {
  /** Requests at once, after a quiet time. */
  readonly burst: number;
  readonly perSecond: number;
  /** Events that wait to be sent; more are dropped. */
  readonly maxPending: number;
  /** What happens again is told of so often at most, in milliseconds. */
  readonly repeatMs: number;
}

export interface Occurrence {
  readonly type: 'Normal' | 'Warning';
  /** Why, one word in CamelCase: `CertificateExpiring`. */
  readonly reason: string;
  /** For people. Cut at 1024 bytes, as the API server takes no more. */
  readonly message: string;
}

interface Series {
  readonly regarding: KubernetesObject;
  readonly occurrence: Occurrence;
  readonly namespace: string;
  /** Of the Event; another one where the last has expired. */
  name: string;
  created: boolean;
  count: number;
  lastObserved: number;
}

const LIMITS: EventLimits = { burst: 25, perSecond: 5, maxPending: 1000, repeatMs: 10_000 };
const MAX_NOTE_BYTES = 1024;
const MAX_INSTANCE = 128;
const MAX_SERIES = 4096;
/** What happens again within so long belongs to the same Event, as with Kubernetes' own. */
const SERIES_MS = 6 * 60_000;

/** Best effort: what cannot be sent is dropped. */
export class Events {
  readonly #options: EventsOptions;
  readonly #limits: EventLimits;
  readonly #series = new LRUCache<string, Series>({ max: MAX_SERIES, ttl: SERIES_MS, updateAgeOnGet: true });
  readonly #pending = new Set<Series>();
  /** Happened again; told of in a while. */
  readonly #repeated = new Set<Series>();
  readonly #abort = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #sending: Promise<void> | undefined;
  #tokens: number;
  #filledAt = performance.now();
  #dropped = 0;

  constructor(options: EventsOptions) {
    this.#options = options;
    this.#limits = { ...LIMITS, ...options.limits };
    this.#tokens = this.#limits.burst;
  }

  /** Events that were not sent, since the start. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Never throws and never waits. */
  tell(regarding: KubernetesObject, occurrence: Occurrence): void {
    if (this.#abort.signal.aborted) return;
    const { uid, namespace = '', name } = regarding.metadata;
    const { type, reason, message } = occurrence;
    const key = JSON.stringify([uid ?? [regarding.kind, namespace, name], type, reason, message]);
    const known = this.#series.get(key);
    if (known === undefined) {
      const series = newSeries(regarding, occurrence);
      this.#series.set(key, series);
      this.#enqueue(series);
      return;
    }
    known.count++;
    known.lastObserved = Date.now();
    if (!this.#pending.has(known)) this.#tellLater(known);
  }

  /** Sends nothing more; ends after the request under way. */
  async stop(): Promise<void> {
    this.#abort.abort();
    clearTimeout(this.#timer);
    await this.#sending;
  }

  #tellLater(series: Series): void {
    this.#repeated.add(series);
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      for (const repeated of this.#repeated) this.#enqueue(repeated);
      this.#repeated.clear();
    }, this.#limits.repeatMs);
  }

  #enqueue(series: Series): void {
    if (this.#pending.size >= this.#limits.maxPending) {
      this.#dropped++;
      return;
    }
    this.#pending.add(series);
    this.#wake();
  }

  #wake(): void {
    if (this.#pending.size === 0 || this.#abort.signal.aborted) return;
    this.#sending ??= this.#sendAll().finally(() => {
      this.#sending = undefined;
      this.#wake();
    });
  }

  async #sendAll(): Promise<void> {
    const { signal } = this.#abort;
    for (const series of this.#pending) {
      await sleep(this.#takeToken(), undefined, { signal }).catch(() => undefined);
      if (signal.aborted) return;
      this.#pending.delete(series);
      try {
        await this.#send(series);
      } catch (error) {
        this.#dropped++;
        this.#options.logger.warn({ reason: (error as Error).message }, 'an Event could not be sent');
      }
    }
  }

  /** @returns how long to wait for it, in milliseconds */
  #takeToken(): number {
    const { burst, perSecond } = this.#limits;
    const now = performance.now();
    this.#tokens = Math.min(burst, this.#tokens + ((now - this.#filledAt) / 1000) * perSecond) - 1;
    this.#filledAt = now;
    return this.#tokens >= 0 ? 0 : (-this.#tokens / perSecond) * 1000;
  }

  async #send(series: Series): Promise<void> {
    const { cluster } = this.#options;
    if (series.created) {
      const { namespace, name, count, lastObserved } = series;
      try {
        await cluster.request(
          'PATCH',
          { resource: EVENTS, namespace, name },
          {
            contentType: 'application/merge-patch+json',
            body: { series: { count, lastObservedTime: microTime(lastObserved) } },
          },
        );
        return;
      } catch (error) {
        if (!(error instanceof NotFoundError)) throw error;
        // The API server keeps Events for an hour.
        Object.assign(series, newSeries(series.regarding, series.occurrence));
      }
    }
    const { count } = series;
    await cluster.create(this.#eventOf(series));
    series.created = true;
    // It happened again before the first was told of.
    if (count > 1) this.#tellLater(series);
  }

  #eventOf({ regarding, occurrence, namespace, name, lastObserved }: Series): KubernetesObject {
    const { type, reason, message } = occurrence;
    const { apiVersion, kind, metadata } = regarding;
    return {
      apiVersion: 'events.k8s.io/v1',
      kind: 'Event',
      metadata: { namespace, name },
      eventTime: microTime(lastObserved),
      type,
      reason,
      action: 'Reconcile',
      note: cut(message, MAX_NOTE_BYTES),
      reportingController: CONTROLLER_NAME,
      reportingInstance: this.#options.identity.slice(0, MAX_INSTANCE),
      regarding: {
        apiVersion,
        kind,
        name: metadata.name,
        ...(metadata.namespace !== undefined && { namespace: metadata.namespace }),
        ...(metadata.uid !== undefined && { uid: metadata.uid }),
        ...(metadata.resourceVersion !== undefined && { resourceVersion: metadata.resourceVersion }),
      },
    };
  }
}

function newSeries(regarding: KubernetesObject, occurrence: Occurrence): Series {
  const { name, namespace = 'default' } = regarding.metadata;
  return {
    regarding,
    occurrence,
    namespace,
    name: `${name.slice(0, 200)}.${randomUUID().replaceAll('-', '').slice(0, 16)}`,
    created: false,
    count: 1,
    lastObserved: Date.now(),
  };
}

/** The text's beginning in so many bytes, and no half characters. */
function cut(text: string, maxBytes: number): string {
  const bytes = Buffer.from(text, 'utf8');
  if (bytes.length <= maxBytes) return text;
  const ellipsis = '…';
  return new TextDecoder().decode(bytes.subarray(0, maxBytes - 3), { stream: true }) + ellipsis;
}
