using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;
using SeamlessReboot;

// A host that pins the oldest Microsoft.Extensions.Logging.Abstractions that the package allows.
using Rebooter rebooter = Rebooter.Start(new RebooterOptions { RebootSignals = [PosixSignal.SIGHUP], LoggerFactory = new StdoutLogger() });
using Socket listener = rebooter.Listen(new IPEndPoint(IPAddress.Loopback, 0));
rebooter.Ready();
Console.WriteLine($"ready, generation {rebooter.Generation}, logging {typeof(ILogger).Assembly.GetName().Version}");
await Task.Delay(Timeout.Infinite);

internal sealed class StdoutLogger : ILoggerFactory, ILogger
{
    public ILogger CreateLogger(string categoryName) => this;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        Console.WriteLine($"log: {formatter(state, exception)}");

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public void AddProvider(ILoggerProvider provider)
    {
    }

    public void Dispose()
    {
    }
}
