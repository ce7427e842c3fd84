/** What the generated modules have in common: their types. */

/**
 * What sends: `@amplitude/analytics-browser`, or any object with its `track`.
 *
 * `options` has the vendor's names, and no key that is undefined. An id that is null is one that the event must not
 * carry.
 */
export interface Client {
  track(name: string, properties?: Record<string, any>, options?: any): unknown;
  identify?(changes: any, options?: any): unknown;
  getUserId?(): string | undefined;
  getSessionId?(): number | undefined;
  setUserId?(userId: string | undefined): unknown;
  getDeviceId?(): string | undefined;
  reset?(): unknown;
  setOptOut?(optOut: boolean): unknown;
}

/** A value or a call that breaks the plan. */
export interface Problem {
  /** The part at fault, such as `items[2].sku`; empty for the whole call. */
  readonly property: string;
  /** Why it was refused, such as `missing` or `not a whole number`. */
  readonly reason: string;
}

/** An event that breaks the plan, whole. */
export interface Violation {
  readonly event: string;
  /** Whether the event was sent all the same, without what was refused. */
  readonly accepted: boolean;
  readonly problems: readonly Problem[];
  /** The properties as they were given. */
  readonly properties: unknown;
}

export interface Configuration {
  /** What sends with `through: sdk`: events wait in memory until it is set. An endpoint needs none. */
  client?: Client | undefined;
  /** Where the endpoint is, if not at the plan's route on the page's own origin. */
  endpoint?: string | undefined;
  /** Origins of ours beside the page's own: `carry` and `trackedFetch` tell their servers whose visit it is. */
  origins?: readonly string[];
  /** The domain that the cookie is for, such as `acme.example`, when several hosts are one visit. */
  domain?: string;
  /** Throw a TypeError where a call breaks the plan. Off in production, where nothing ever throws. */
  strict?: boolean;
  /** Outside strict mode, hears of every call that breaks the plan. */
  onViolation?: ((violation: Violation) => void) | undefined;
}

/** What became of a call. */
export interface Receipt {
  /** Whether the event goes out, now or when the client and the person's choice are there. */
  readonly accepted: boolean;
  /** Whether it goes out without a property that it should have. */
  readonly flagged: boolean;
  /** The same on every side where the event has a dedupe key. */
  readonly insertId: string | undefined;
  readonly problems: readonly Problem[];
  /** What the request that causes the fact must carry, for an event whose key is an attempt; else empty. */
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * The client's copy of a fact that the server owns. It is stored when it is made, and what the page learns of the
 * request ends it: confirmed, refused, unconfirmed (2xx that says nothing) or unknown (no answer).
 */
export interface Pending<Call extends readonly unknown[] = []> extends Receipt {
  /**
   * Say what became of the request: its response, the promise of one, or the error in place of one. It gives back what
   * it is given, so that `await copy.settle(trackedFetch(url, init))` is the response.
   */
  settle<Outcome>(outcome: Outcome, ...call: Partial<Call>): Outcome;
  /** Drop the copy: there is no fact, or the server has told of it. */
  drop(): void;
}

/** A hybrid event: the server owns the fact, the page holds a copy of it. */
export interface Hybrid<Properties extends readonly unknown[], Call extends readonly unknown[] = []> {
  /** Seal a copy, before the request that causes the fact leaves. */
  pending(...properties: Properties): Pending<Call>;
}

/** What an event that signs somebody in takes beside its properties. */
export interface SignIn {
  /** The id that the server gave the person, of at least 5 characters. */
  readonly userId: string;
}

/** Options of the vendor's `init` that the plan decides. */
export interface SdkOptions {
  readonly serverZone: "US" | "EU";
  /** In milliseconds. */
  readonly sessionTimeout: number;
  readonly autocapture: {
    readonly attribution: boolean;
    readonly sessions: boolean;
    readonly fileDownloads: boolean;
    readonly formInteractions: boolean;
    readonly pageUrlEnrichment: boolean;
    readonly pageViews: boolean;
    readonly elementInteractions: boolean;
  };
  readonly remoteConfig: { readonly fetchRemoteConfig: boolean };
}

/** A category of consent. */
export type Category = "analytics" | "marketing";

/** Counts since the page was loaded. */
export interface Stats {
  /** Calls that kept to the plan well enough to be sent. */
  readonly accepted: number;
  /** Events that the client or the endpoint took. */
  readonly sent: number;
  /** Events that wait: for a client, for consent, for the endpoint's answer. */
  readonly waiting: number;
  /** Events that were not sent, by reason. */
  readonly dropped: Readonly<Record<string, number>>;
}

/** An event as it would be sent, in the vendor's shape. */
export interface CapturedEvent {
  readonly event_type: string;
  readonly event_properties?: Readonly<Record<string, any>>;
  readonly user_properties?: Readonly<Record<string, Readonly<Record<string, any>>>>;
  readonly insert_id: string;
  readonly user_id?: string;
  readonly device_id?: string;
  readonly time?: number;
  readonly [field: string]: any;
}

export interface Capture {
  /** What was recorded so far, in order. */
  readonly events: readonly CapturedEvent[];
  /** The pending copies that were made so far, whatever became of them. */
  readonly copies: readonly CapturedEvent[];
  /** Give the client back that was there before. */
  stop(): void;
}

/** Set what sends, and how loud mistakes are. What is left out stays as it is. */
export declare function configure(configuration?: Configuration): void;

/** Add to a request's options whose visit it is. Requests to origins that are not ours stay as they are. */
export declare function carry(input: RequestInfo | URL, init?: RequestInit): RequestInit;

/** `fetch`, with what `carry` adds. */
export declare function trackedFetch(input: RequestInfo | URL, init?: RequestInit): Promise<Response>;

/** Send what waits now, and answer when that was tried. */
export declare function flush(): Promise<void>;

/** Say what the person allows. Events that waited for it are sent or dropped. */
export declare function setConsent(choices: Partial<Record<Category, boolean>>): void;

/** Count what became of the events. */
export declare function stats(): Stats;

/** Record what would be sent, in place of sending it: for tests. */
export declare function capture(): Capture;

/** Say who the person is, where no event does. */
export declare function login(userId: string): void;

/** Forget the person: the device gets a new id. What was sealed before stays as it is. */
export declare function reset(): void;

/** Stop the sending, or start it again with `false`: what is `necessary` alone goes out. */
export declare function optOut(out?: boolean): void;
