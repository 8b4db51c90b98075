using System.Diagnostics.Metrics;

namespace WorkedOut;

// snippet: watch
/// <summary>Reads the library's meter. In a real server a metrics exporter does that.</summary>
internal sealed class RebootWatch : IDisposable
{
    private readonly MeterListener _listener = new();

    public RebootWatch(Action<string> write)
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Name == "SeamlessReboot")
                listener.EnableMeasurementEvents(instrument);
        };
        _listener.SetMeasurementEventCallback<double>((instrument, value, _, _) => write($"{instrument.Name} {value:0.000} {instrument.Unit}"));
        _listener.Start();
    }

    public void Dispose() => _listener.Dispose();
}
// end snippet
