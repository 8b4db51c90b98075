using Microsoft.Extensions.Logging;

namespace SeamlessReboot;

/// <summary>The application's log, which must not end a reboot or the server: whatever it throws (a full disk) is swallowed here.</summary>
internal sealed class GuardedLog(ILogger? logger, Action<LogLevel, string>? log) : ILogger
{
    internal static ILogger For(RebooterOptions options)
    {
        ILogger? logger = null;
        try
        {
            logger = options.LoggerFactory?.CreateLogger("SeamlessReboot");
        }
#pragma warning disable CA1031 // see above
        catch (Exception)
#pragma warning restore CA1031
        {
        }

        return new GuardedLog(logger, options.Log);
    }

    public bool IsEnabled(LogLevel logLevel)
    {
        try
        {
            return log is not null || (logger?.IsEnabled(logLevel) ?? false);
        }
#pragma warning disable CA1031 // see above
        catch (Exception)
#pragma warning restore CA1031
        {
            return true;
        }
    }

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        Exception? readable = exception is null ? null : Failure.Readable(exception);
        Try(() => logger?.Log(logLevel, eventId, state, readable, formatter));
        Try(() => log?.Invoke(logLevel, formatter(state, readable)));
    }

    // Explicit, because older versions of the interface declare it without nullability.
    IDisposable ILogger.BeginScope<TState>(TState state) => NoScope.Instance;

    private sealed class NoScope : IDisposable
    {
        internal static NoScope Instance { get; } = new();

        public void Dispose()
        {
        }
    }

    private static void Try(Action action)
    {
        try
        {
            action();
        }
#pragma warning disable CA1031 // see above
        catch (Exception)
#pragma warning restore CA1031
        {
        }
    }
}
