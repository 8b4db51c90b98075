using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;

namespace SeamlessReboot.TestServer;

/// <summary>Every log line as an event; a reboot that was called off as one of its own.</summary>
/// <param name="file">A log file besides, which may be full.</param>
internal sealed class EventLogger(string? file) : ILoggerFactory, ILogger
{
    private readonly FileStream? _file = file is null ? null : new FileStream(file, FileMode.Open, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);

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
        _file?.Write(Encoding.UTF8.GetBytes($"{logLevel}: {formatter(state, exception)}\n"));
    }

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException();

    public void Dispose() => _file?.Dispose();
}
