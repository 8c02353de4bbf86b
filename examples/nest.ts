/**
 * The same app with NestJS, which has a container of its own: what zookit needs is bound to it in `onModuleInit`.
 *
 *     node dist/examples/nest.js 127.0.0.1:2181 8080
 */
import 'reflect-metadata';
import {
  Controller,
  Get,
  Inject,
  Injectable,
  Module,
  type OnApplicationShutdown,
  type OnModuleInit,
  Post,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { container } from 'tsyringe';
import { z } from 'zod';
import type { Lease } from 'zookit';
import { configValue, locked, registerZookit, ZookitModule } from 'zookit/di';

const Limits = z.object({ maxItems: z.number().int() });
const [connectString = '127.0.0.1:2181', port = '8080'] = process.argv.slice(2);

@Injectable()
class Reports implements OnModuleInit {
  readonly zookit: ZookitModule;

  @configValue('/config/limits', Limits, { default: { maxItems: 10 } })
  declare readonly limits: z.infer<typeof Limits>;

  constructor(@Inject(ZookitModule) zookit: ZookitModule) {
    this.zookit = zookit;
  }

  async onModuleInit(): Promise<void> {
    await this.zookit.bind(this);
  }

  @locked('/locks/report')
  async make(lease?: Lease): Promise<{ items: number; token: number }> {
    lease!.signal.throwIfAborted();
    return { items: this.limits.maxItems, token: lease!.fencingToken };
  }
}

@Controller()
class ReportsController implements OnApplicationShutdown {
  readonly reports: Reports;

  constructor(@Inject(Reports) reports: Reports) {
    this.reports = reports;
  }

  @Post('reports')
  make() {
    return this.reports.make();
  }

  @Get('limits')
  limits() {
    return this.reports.limits;
  }

  // Nest has answered what was under way by then.
  async onApplicationShutdown(): Promise<void> {
    await this.reports.zookit.close();
  }
}

@Module({
  controllers: [ReportsController],
  providers: [
    Reports,
    {
      provide: ZookitModule,
      useFactory: () => registerZookit(container, { connectString, namespace: 'nest', closeOn: [] }),
    },
  ],
})
class AppModule {}

const app = await NestFactory.create(AppModule, new FastifyAdapter(), { logger: false });
app.enableShutdownHooks();
await app.listen(Number(port), '127.0.0.1');
console.log(`listening at ${await app.getUrl()}`);
