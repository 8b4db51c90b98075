using System.Globalization;
using Microsoft.Extensions.Logging;

namespace Talker;

/// <summary>The log, on stderr. The framework's console logger would make each reboot longer by the time that it takes to load.</summary>
internal sealed class StderrLog : ILoggerFactory
{
    public ILogger CreateLogger(string categoryName) => new Category(categoryName);

    public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException();

    public void Dispose()
    {
        // Nothing is kept back.
    }

    private sealed class Category(string name) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Information;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (!IsEnabled(logLevel))
                return;
            string time = DateTime.UtcNow.ToString("yyyy-MM-dd HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
            Console.Error.WriteLine($"{time} {logLevel} {name}: {formatter(state, exception)}{(exception is null ? "" : "\n" + exception)}");
        }
    }
}
