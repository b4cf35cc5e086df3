/** The policy that Apinizer's policies together become. */

import type { Findings } from '../finding.ts';
import { secretTemplate, type Draft, type Naming } from '../manifests.ts';

export type Section = Record<string, unknown>;
export type PhaseName = 'request' | 'response';

export class PolicyDraft {
  readonly naming: Naming;
  readonly findings: Findings;
  readonly spec: Section = {};
  /** Secrets to fill in, and token services. */
  readonly others: Draft[] = [];
  readonly needed: string[] = [];

  constructor(naming: Naming, findings: Findings) {
    this.naming = naming;
    this.findings = findings;
  }

  /** `secure`, `verify` or `addressing` of a phase, made where it is not there yet. */
  section(phase: PhaseName, name: 'secure' | 'verify' | 'addressing'): Section {
    const ofPhase = (this.spec[phase] ??= {}) as Section;
    return (ofPhase[name] ??= {}) as Section;
  }

  /** A Secret whose values a person must write: what Apinizer had in plain text is not copied. */
  secret(suffix: string, type: string, keys: readonly string[]): { name: string } {
    const name = `${this.naming.name}-${suffix}`;
    if (!this.others.some(({ object }) => (object.metadata as Naming).name === name)) {
      this.others.push(secretTemplate({ ...this.naming, name }, type, keys));
    }
    return { name };
  }

  need(line: string): void {
    if (!this.needed.includes(line)) this.needed.push(line);
  }

  /** An object made of a JKS or PKCS#12 store. */
  key(store: string | undefined): { name: string } {
    const name = `${this.naming.name}-key`;
    this.need(`Secret ${name}, tls.crt and tls.key, or keystore.p12 and password${from(store)}.`);
    return { name };
  }

  certificate(store: string | undefined): { kind: string; name: string } {
    const name = `${this.naming.name}-partner-cert`;
    this.need(`ConfigMap ${name}, tls.crt: PEM of the certificate that messages are encrypted for${from(store)}.`);
    return { kind: 'ConfigMap', name };
  }

  trust(store: string | undefined): { kind: string; name: string; key: string } {
    const name = `${this.naming.name}-partner-ca`;
    this.need(
      `ConfigMap ${name}, ca.crt: PEM of the certificates that may sign (pin: true), or of their authorities${from(store)}.`,
    );
    return { kind: 'ConfigMap', name, key: 'ca.crt' };
  }
}

function from(store: string | undefined): string {
  return store === undefined ? '' : ` (Apinizer's key store ${store.slice(0, 80)})`;
}
