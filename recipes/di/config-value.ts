import type { StandardSchemaV1 } from '@standard-schema/spec';
import { type AnyClass, declare, wiringOf } from './wiring.ts';

export interface ConfigValueOptions<T> {
  /** The value for as long as none has been published. Without it the module is not ready then. */
  readonly default?: T | undefined;
}

/** A decorator of properties: of `declare` ones with `experimentalDecorators`, of `accessor` ones without. */
export interface PropertyDecorator {
  (prototype: object, name: string | symbol): void;
  <This extends object, T>(
    accessor: ClassAccessorDecoratorTarget<This, T>,
    context: ClassAccessorDecoratorContext<This, T>,
  ): ClassAccessorDecoratorResult<This, T>;
}

/**
 * The property is always the latest valid value that was published at that path. A value that is not valid never arrives: the last
 * good one stays. Reading it throws before there is a first one: `module.ready()` waits for that.
 *
 * The property cannot be set. Declare it as `declare readonly limits: Limits` (with `experimentalDecorators`), so that the class has no
 * field of that name in front of it, or as `accessor` (without).
 */
export function configValue<T>(
  path: string,
  schema: StandardSchemaV1<unknown, T>,
  options: ConfigValueOptions<T> = {},
): PropertyDecorator {
  const read = (self: object): T => wiringOf(self).feed(path, schema).value(options.default);
  const announce = (decorated: AnyClass, name: string | symbol): void =>
    declare(decorated, `@configValue ${String(name)}`, async (_instance, wiring) => {
      await wiring.feed(path, schema).ready(options.default);
    });
  const decorate = (target: unknown, where: string | symbol | ClassAccessorDecoratorContext): unknown => {
    if (typeof where === 'object' ? where.static : typeof target === 'function') {
      const name = String(typeof where === 'object' ? where.name : where);
      throw new TypeError(
        `@configValue begins with an instance, and ${name} is static; make it a property of one`,
      );
    }
    if (typeof where !== 'object') {
      announce((target as object).constructor as AnyClass, where);
      Object.defineProperty(target, where, {
        configurable: true,
        get(this: object) {
          return read(this);
        },
      });
      return undefined;
    }
    where.addInitializer(function () {
      announce((this as object).constructor as AnyClass, where.name);
    });
    return {
      get(this: object) {
        return read(this);
      },
      set(this: object) {
        throw new TypeError(`${String(where.name)} follows the config ${path} and cannot be set`);
      },
    };
  };
  return decorate as PropertyDecorator;
}
