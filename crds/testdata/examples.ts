/** The manifests that must be accepted or refused, whoever looks at them. */

import { readdirSync, readFileSync } from 'node:fs';

export interface Example {
  /** Without its folder. */
  readonly file: string;
  /** YAML. */
  readonly text: string;
  /** Of what an API server says; empty where the manifest is accepted. */
  readonly admission: string;
  /** Of what `waxseal validate` says; the same wherever the sentence is the schema's. */
  readonly validate: string;
}

/** Reads `accepted/*.yaml`, or `refused/*.yaml`, which say on top with which message. */
export function examples(folder: 'accepted' | 'refused'): Example[] {
  const place = new URL(`${folder}/`, import.meta.url);
  return readdirSync(place)
    .sort()
    .map((file) => {
      const text = readFileSync(new URL(file, place), 'utf8');
      const expected = (by: string): string | undefined => new RegExp(`^# ${by}: (.*)$`, 'm').exec(text)?.[1];
      const [both, admission, validate] = ['refused', 'admission', 'validate'].map(expected);
      return { file, text, admission: admission ?? both ?? '', validate: validate ?? both ?? '' };
    });
}
