import type { FieldPath } from './load.ts';
import type { Report } from './report.ts';

/** SOAP 1.2 part 1 §2.2: nobody may act in this role. */
const NONE = 'http://www.w3.org/2003/05/soap-envelope/role/none';

/** An actor or role is a URI that somebody can play. */
export function checkActor(report: Report, at: FieldPath, actor: string | undefined): void {
  if (actor === undefined) return;
  if (/\s/.test(actor)) report.error(at, 'is no URI: it holds white space');
  if (actor === NONE) report.error(at, 'nobody acts in the role "none"; leave actor out for the ultimate receiver');
}
