using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;

namespace SeamlessReboot.TestServer;

/// <summary>Every log line as an event; a reboot that was called off as one of its own.</summary>
internal sealed class EventLogger : ILoggerFactory, ILogger
{
    public ILogger CreateLogger(string categoryName) => this;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Information;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        Events.Tell("log", new JsonObject
        {
            ["level"] = logLevel.ToString(),
            ["name"] = eventId.Name,
            ["message"] = formatter(state, exception),
            ["exception"] = exception?.ToString(),
        });
        if (exception is RebootException failure)
            Events.Tell("called-off", new JsonObject { ["stage"] = failure.Stage.ToString(), ["message"] = failure.Message });
    }

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException();

    public void Dispose()
    {
    }
}
