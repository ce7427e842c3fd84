/** What every event carries: set once for a page, never an argument. */

import { carried, carryOn, report } from "./event.js";
import { fields, has, isObject } from "./values.js";

/**
 * Declare what `setContext` takes.
 *
 * @param {import("./event.js").Plan} plan
 * @param {import("./values.js").Shape} [shape] where some events carry more than the plan's context
 * @returns {(values: any) => void}
 */
export const context = (plan, shape) => (values) => {
  const [required, optional] = plan.context || [{}];
  /** @type {{property: string, reason: string}[]} */
  const problems = [];
  try {
    if (isObject(values)) {
      const wire = fields(values, {}, shape || { ...required, ...optional }, ([reason, , path = ""]) =>
        problems.push({ property: path.slice(1), reason }),
      );
      // A value that is given as undefined, or refused, does not leave the old one in force.
      const kept = Object.entries(carried).filter(([name]) => !has(values, name));
      carryOn({ ...Object.fromEntries(kept), ...wire });
    } else problems.push({ property: "", reason: "not an object" });
  } catch {
    problems.push({ property: "", reason: "unreadable" }); // a proxy that throws
  }
  if (problems.length) report("setContext", true, problems, values);
};
