using Microsoft.Extensions.Logging;

namespace SeamlessReboot.Tests;

/// <summary>The application's log may do what it likes: nothing of it reaches the reboot.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class GuardedLogTests
{
    [Test]
    public void A_factory_that_throws_leaves_the_delegate()
    {
        List<string> lines = [];
        ILogger log = GuardedLog.For(new RebooterOptions { LoggerFactory = new Throwing(inFactory: true), Log = (level, text) => lines.Add($"{level}: {text}") });
        Log.Spool(log, "The disk is full.");
        Assert.That(lines, Is.EqualTo(new[] { "Warning: The disk is full." }));
    }

    [Test]
    public void A_logger_that_throws_leaves_the_delegate()
    {
        List<string> lines = [];
        ILogger log = GuardedLog.For(new RebooterOptions { LoggerFactory = new Throwing(inFactory: false), Log = (_, text) => lines.Add(text) });
        Assert.That(log.IsEnabled(LogLevel.Error), Is.True);
        Log.CalledOff(log, "test", "It has crashed.", new InvalidOperationException("boom"));
        Assert.That(lines, Is.EqualTo(new[] { "Reboot called off (test): It has crashed." }));
    }

    [Test]
    public void A_logger_and_a_delegate_that_throw_are_two_lost_lines()
    {
        ILogger log = GuardedLog.For(new RebooterOptions { LoggerFactory = new Throwing(inFactory: false), Log = (_, _) => throw new IOException("No space left on device") });
        Assert.That(() => Log.Supervisor(log, "It has crashed."), Throws.Nothing);
        ILogger alone = GuardedLog.For(new RebooterOptions { LoggerFactory = new Throwing(inFactory: false) });
        Assert.That(() => Log.Supervisor(alone, "It has crashed."), Throws.Nothing);
    }

    [Test]
    public void An_exception_that_cannot_be_read_is_replaced_by_one_that_can()
    {
        Keeping kept = new();
        ILogger log = GuardedLog.For(new RebooterOptions { LoggerFactory = kept });
        Assert.That(() => Log.CalledOff(log, "test", "It has crashed.", new Unreadable()), Throws.Nothing);
        Assert.That(kept.Exception!.ToString(), Does.Contain(nameof(Unreadable)).And.Contain("cannot be read"));
    }

    [Test]
    public void A_line_that_cannot_be_made_is_lost()
    {
        ILogger log = GuardedLog.For(new RebooterOptions { Log = (_, _) => { } });
        Assert.That(() => log.Log(LogLevel.Error, default, 0, null, (_, _) => throw new FormatException("No such argument.")), Throws.Nothing);
    }

    [Test]
    public void A_message_of_200_KB_is_one_short_line()
    {
        List<string> lines = [];
        ILogger log = GuardedLog.For(new RebooterOptions { Log = (_, text) => lines.Add(text) });
        InvalidOperationException failure = new(new string('x', 200_000));
        Log.Crashed(log, 0, Failure.TypeAndText(failure), failure);
        Assert.That(lines.Single(), Has.Length.LessThan(2500));
    }

    private sealed class Unreadable : Exception
    {
        public override string Message => throw new NotSupportedException("No message.");
    }

    private sealed class Throwing(bool inFactory) : ILoggerFactory, ILogger
    {
        public ILogger CreateLogger(string categoryName) => inFactory ? throw new IOException("No space left on device") : this;

        public bool IsEnabled(LogLevel logLevel) => throw new IOException("No space left on device");

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            throw new IOException("No space left on device");

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => throw new NotSupportedException();

        public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException();

        public void Dispose()
        {
        }
    }

    private sealed class Keeping : ILoggerFactory, ILogger
    {
        internal Exception? Exception { get; private set; }

        public ILogger CreateLogger(string categoryName) => this;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) => Exception = exception;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException();

        public void Dispose()
        {
        }
    }
}
